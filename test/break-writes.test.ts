/** Writes that PVE refuses in part, or that somebody else comes before. */
import t from "tap";
import { DOMAIN, mapping, never } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const REFUSED = { kind: "status", status: 400, reason: "Parameter verification failed." } as const;

t.test("P3: what is left of a refused write still gives nobody too much", async (t) => {
  const quiet = 'acl = [{ path = "/vms/100", role = "NoAccess" }]';
  const parts = () => ({
    groups: mapping("old", old, quiet) + mapping("new", fresh, quiet),
  });
  const bed = await startBed(t, parts, {
    users: ["group:boss:::", "acl:1:/vms:@boss:PVEVMAdmin:"],
  });
  const { site } = bed;
  const { world } = site.entra;
  const [anna = "", ...rest] = ["anna", "x", "y", "z"].map((name) =>
    bed.person(name, { mail: null }),
  );
  const old = site.group("Old", [anna, ...rest]);
  const fresh = site.group("New", rest);
  await site.pass(parts());
  site.pve.world.addToGroup(bed.userid("anna"), "boss");
  t.strictSame(site.rights(bed.userid("anna"), "/vms/100"), []);
  world.leave(old, anna);
  world.join(fresh, anna);
  world.editUser(anna, { mail: "anna@elsewhere.example" });
  site.pve.faults.add({ method: "PUT", body: "email=", times: Infinity, do: REFUSED });
  const report = await bed.pass(t, "moved, with a field that PVE refuses", {
    writes: [
      "PUT users/anna email=anna@elsewhere.example groups=boss,new -> 400",
      "PUT users/anna append=1 groups=new",
      "PUT users/anna groups=boss,new",
      "PUT users/anna email=anna@elsewhere.example -> 400",
    ],
    codes: ["PVE_REFUSED"],
  });
  const order = report.done.map(({ write }) => ("join" in write ? [write.join, write.leave] : []));
  t.strictSame(order, [
    [["new"], []],
    [[], ["old"]],
  ]);
  t.strictSame(site.rights(bed.userid("anna"), "/vms/100"), []);
  const entries = site.journal.entries({ limit: 5, userid: bed.userid("anna") });
  const told = entries.map((one) => (one.type === "change" ? `${one.kind} ${one.outcome}` : ""));
  t.ok(told.includes("update-user refused"), "the journal does not say that the email was written");
  t.notOk(told.includes("update-user done"));
  t.strictSame(site.entra.violations, []);
});

t.test("P6: a comment edited while a pass runs is not overwritten", async (t) => {
  const parts = (): ConfigParts => ({ groups: mapping("ops", ops) });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const [anna = "", ...rest] = ["anna", "x", "y"].map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", [anna, ...rest]);
  site.pve.world.createUser(bed.userid("anna"), { comment: "desk 4" });
  await passWith(site, parts(), () =>
    site.pve.world.editUser(bed.userid("anna"), { comment: "desk 5" }),
  );
  // Our mark goes behind whatever stands there by then.
  t.match(bed.user("anna"), { comment: `desk 5 ${bed.mark("anna")}`, groups: ["ops"] });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

async function passWith(site: Site, parts: ConfigParts, onPlan: () => void): Promise<void> {
  const agent = site.agent(parts);
  const { realms } = agent.config;
  const order = { trigger: "test", realms, rotate: new Set<string>(), dry: false };
  await agent.pass({ ...order, secretsOnly: false }, { onPlan }, never);
  await agent.close({ abort: true });
}

t.test("P13: who moves into more groups than fit loses the old one, and waits", async (t) => {
  const sections = '[guard]\nmax_removal_share = 1.0\nuser_db_reserve = "1KiB"';
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const parts = (): ConfigParts => ({
    groups: mapping("ops", ops) + names.map((name) => mapping(name, all)).join(""),
    sections,
  });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const [anna = "", ...rest] = ["anna", "x", "y", "z"].map((name) =>
    bed.person(name, { mail: null }),
  );
  const ops = site.group("Operators", [anna, ...rest]);
  const all = site.group("All", rest);
  await site.pass(parts());
  site.clock.advance(DAY + 1);
  const room = Math.floor(1_048_576 * 0.8) - 1024;
  const now = site.pve.userCfg();
  let filler = "";
  for (let at = 1000; now.length + filler.length < room - 140; at += 1) {
    filler += `user:filler${at}@pve:1:0::::${"x".repeat(70)}::\n`;
  }
  site.pve.load({ userCfg: filler + now });
  site.entra.world.leave(ops, `anna@${DOMAIN}`);
  site.entra.world.join(all, anna);
  await bed.pass(t, "moved", {
    writes: ["PUT users/anna groups="],
    codes: ["SYNC_DATABASE_FULL"],
  });
  t.ok(site.pve.userCfg().length <= room, "nothing past the room");
  t.strictSame(site.entra.violations, []);
});
