/** What docs/operate.md says will happen, step by step: a backup restored, another writer, another claim. */
import t from "tap";
import type { Test } from "tap";
import { mapping, startSite } from "./support/site.js";
import type { ConfigParts, Site, SiteOptions } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const VMS = 'acl = [{ path = "/vms", role = "PVEVMUser" }]';
const userid = (name: string): string => `${name}@contoso.example@entra`;

t.test("a backup of /etc/pve restored: leavers go again, newcomers come again", async (t) => {
  const bed = await startBed(t, (): ConfigParts => ({ groups: mapping("ops", ops, VMS) }));
  const { site } = bed;
  const both = '[{ path = "/vms", role = "PVEVMUser" }, { path = "/pool", role = "PVEAuditor" }]';
  const lax = "[guard]\nmax_removal_share = 1.0";
  const names = ["anna", "bert", "cora", "dora"];
  const ops = site.group(
    "Operators",
    names.map((name) => bed.person(name, { mail: null })),
  );
  await site.pass({ groups: mapping("ops", ops, `acl = ${both}`) });
  const backup = { userCfg: site.pve.userCfg(), domainsCfg: site.pve.domainsCfg() };
  site.clock.advance(DAY + 1);
  site.entra.world.leave(ops, "anna@contoso.example");
  site.entra.world.join(ops, bed.person("emil", { mail: null }));
  await site.pass({ groups: mapping("ops", ops, VMS), sections: lax });
  t.match(bed.user("anna"), { enable: false, groups: [] });
  t.strictSame(site.rights(userid("bert"), "/pool/a"), [], "an entry was removed");
  site.clock.advance(DAY + 1);

  site.pve.world.load(backup);
  t.match(bed.user("anna"), { enable: true, groups: ["ops"] }, "back until the first pass");
  t.equal(bed.user("emil"), undefined);
  const report = await bed.pass(t, "restored", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-24] enable=0 groups="],
    codes: ["GUARD_HELD", "SYNC_ACL_EXTRA"],
    held: 1,
  });
  t.match(report.plan.waiting, [{ waitsFor: /revoke PVEAuditor on \/pool from ops \(held\)/ }]);
  site.journal.approve(report.plan.approvalId ?? "", "root", site.clock.now());
  await bed.pass(t, "the entry is approved", {
    writes: [
      "PUT acl delete=1 groups=ops path=/pool roles=PVEAuditor",
      "POST users comment=[entra:emil] enable=1 groups=ops userid=emil",
    ],
    codes: ["SYNC_ACL_EXTRA"],
  });
  await bed.settled(t);
});

t.test(
  "another node writes: it counts as ever, and takes no entry that it did not write",
  async (t) => {
    const both = '[{ path = "/vms", role = "PVEVMUser" }, { path = "/pool", role = "PVEAuditor" }]';
    const bed = await startBed(t, () => ({}), { nodes: ["pve1", "pve2"] });
    const { site } = bed;
    const names = ["anna", "bert", "cora", "dora"];
    const ops = site.group(
      "Operators",
      names.map((name) => bed.person(name, { mail: null })),
    );
    const parts = (acl: string, writer: string): ConfigParts => ({
      groups: mapping("ops", ops, acl),
      sections: `[cluster]\nwriter = "${writer}"`,
    });
    await site.pass(parts(`acl = ${both}`, "pve1"));

    // The same cluster as another node knows it: with a journal of its own, as old as its installation.
    site.loseJournal();
    await bed.pass(
      t,
      "a standby",
      { writes: [], codes: ["CLUSTER_STANDBY"] },
      parts(`acl = ${both}`, "pve2"),
    );
    site.clock.advance(DAY + 1);
    site.entra.world.leave(ops, "anna@contoso.example");
    await bed.pass(
      t,
      "named as the writer",
      {
        writes: ["PUT users/anna comment=[entra:anna left 2026-11-23] enable=0 groups="],
        codes: ["GUARD_HELD", "SYNC_ACL_EXTRA"],
        held: 1,
      },
      parts(VMS, "pve1"),
    );
    t.ok(site.rights(userid("bert"), "/pool/a").length > 0, "the other node's entry waits");
  },
);

/** A realm that PVE's own claim fills, with anna and olga in the claim's group; olga has left. */
async function claims(
  t: Test,
  realm: NonNullable<SiteOptions["realmProperties"]>,
  name: string,
  more = "",
): Promise<{ site: Site; parts: ConfigParts }> {
  const site = await startSite(t, {
    realmProperties: { "groups-claim": "groups", "groups-autocreate": 1, ...realm },
    users: [
      `user:${userid("anna")}:1:0::::::`,
      `user:${userid("olga")}:1:0::::::`,
      `group:ops-entra:${userid("anna")},${userid("olga")}::`,
      "acl:1:/vms:@ops-entra:PVEVMUser:",
    ],
  });
  const [anna = "", bert = ""] = ["anna", "bert", "olga"].map((one) => site.addUser(one));
  const group = site.group("Operators", [anna, bert]);
  return { site, parts: { groups: mapping(name, group, `${VMS}\n${more}`) } };
}

const codesOf = ({ findings }: Awaited<ReturnType<Site["pass"]>>): string[] =>
  findings.map(({ code }) => code).sort();

t.test("from PVE's own claim, new groups beside the old ones", async (t) => {
  const { site, parts } = await claims(t, { "groups-overwrite": 1 }, "vm-operators");
  const refused = await site.pass(parts);
  t.strictSame(codesOf(refused), ["REALM_GROUPS_CLAIM"], "with groups-overwrite nobody is added");
  t.strictSame(refused.done, []);
  site.pve.world.setRealm("entra", { "groups-overwrite": null });

  const plan = await site.plan(parts);
  t.strictSame([plan.findings, plan.plan.holds], [[], []]);
  const taking = plan.plan.actions.filter(({ changes }) => changes.some(({ losers }) => losers));
  t.strictSame(taking, [], "the plan takes nothing away");
  await site.pass(parts);
  t.match(site.user(userid("anna")), { enable: true, groups: ["ops-entra", "vm-operators"] });
  t.match(site.user(userid("anna"))?.comment, /^\[entra:[0-9a-f-]+\]$/, "with the agent's mark");
  t.match(site.user(userid("bert")), { enable: true, groups: ["vm-operators"] });

  site.pve.world.setRealm("entra", { "groups-claim": null, "groups-autocreate": null });
  site.pve.world.deleteGroup("ops-entra");
  const last = await site.pass(parts);
  t.strictSame([last.findings, last.done], [[], []]);
  t.ok(site.rights(userid("anna"), "/vms/100").length > 0);
  t.strictSame(site.rights(userid("olga"), "/vms/100"), [], "whom only the claim had left in");
  t.match(last.plan.unmanaged, [{ userid: userid("olga") }]);
});

t.test("from PVE's own claim, the same groups adopted", async (t) => {
  const { site, parts } = await claims(t, {}, "ops-entra", "adopt = true");
  t.ok(codesOf(await site.plan(parts)).includes("REALM_GROUPS_CLAIM"), "the claim goes first");
  site.pve.world.setRealm("entra", { "groups-claim": null, "groups-autocreate": null });

  const held = await site.pass(parts);
  t.strictSame([...new Set(codesOf(held))], ["GUARD_HELD"]);
  t.equal(site.user(userid("bert")), undefined, "nobody joins meanwhile");
  t.match(site.user(userid("olga")), { groups: ["ops-entra"] }, "and nobody leaves");
  const adoption = held.plan.holds.find(({ change }) => change.kind === "adopt-group");
  t.match(adoption?.change.reason, `${userid("olga")} would lose it`);
  site.journal.approve(held.plan.approvalId ?? "", "root", site.clock.now());
  await site.pass(parts);
  t.match(site.user(userid("anna")), { enable: true, groups: ["ops-entra"] });
  await site.pass(parts);
  t.match(site.user(userid("bert")), { enable: true, groups: ["ops-entra"] });
  t.match(site.user(userid("olga")), { groups: [] });
  const last = await site.pass(parts);
  t.strictSame([last.findings, last.done], [[], []]);
});
