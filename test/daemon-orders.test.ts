import { request } from "undici";
import t from "tap";
import type { Daemon } from "../src/daemon/daemon.js";
import { byHand, startOn } from "./support/daemon-bed.js";
import { mapping, startSite } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

async function health(daemon: Daemon): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await request(`${daemon.healthUrl}/health`);
  return {
    status: answer.statusCode,
    body: (await answer.body.json()) as Record<string, unknown>,
  };
}

t.test("the daemon passes at its start, takes orders, and says how it is", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const people = ["anna", "bert", "cora"].map((name) => site.addUser(name));
  const group = site.group("Operators", people);
  site.configure({ groups: mapping("ops", group) });
  const schedule = byHand();
  const daemon = await startOn(site, schedule);
  t.teardown(() => daemon.stop());
  const run = terminalOf(site);

  const first = await run(["sync"]);
  t.equal(first.exit, 0, first.out + first.err);
  t.strictSame(site.user("anna@contoso.example@entra")?.groups, ["ops"]);
  t.equal((await request(`${daemon.healthUrl}/ready`)).statusCode, 200);
  const well = await health(daemon);
  t.equal(well.status, 200);
  t.equal(well.body["state"], "ok");
  t.notMatch(JSON.stringify(well.body), /anna/, "no names in health");

  site.addUser("dora");
  site.entra.world.join(group, "dora@contoso.example");
  await schedule.tick();
  t.strictSame(site.user("dora@contoso.example@entra")?.groups, ["ops"]);

  for (const person of people) site.entra.world.leave(group, person);
  site.entra.world.leave(group, "dora@contoso.example");
  await schedule.tick();
  const held = await health(daemon);
  t.equal(held.status, 200);
  t.equal(held.body["state"], "degraded");
  const status = await run(["status"]);
  t.equal(status.exit, 0);
  t.match(status.out, /leave ops: anna@contoso.example@entra/);
  const id = /--approve ([0-9a-f]{64})/.exec(status.out)?.[1] ?? "";
  const metrics = await (await request(`${daemon.healthUrl}/metrics`)).body.text();
  t.match(metrics, /pve_entra_agent_held_changes\{realm="entra"\} [1-9]/);

  const approved = await run(["sync", "--approve", id]);
  t.equal(approved.exit, 0, approved.out + approved.err);
  t.equal(site.user("anna@contoso.example@entra")?.enable, false);
  t.equal((await health(daemon)).body["state"], "ok");

  const rotated = await run(["rotate"]);
  t.equal(rotated.exit, 0, rotated.out + rotated.err);
  t.match(rotated.out, /the client secret of entra is new/);
  t.equal(site.entra.world.secretsOf(site.sso.id).length, 2);

  await t.rejects(startOn(site, schedule), { code: "NODE_LOCKED" }, "one daemon a node");
  await daemon.stop();

  const again = await startOn(site, schedule);
  t.teardown(() => again.stop());
  const known = await (await request(`${again.healthUrl}/metrics`)).body.text();
  t.match(known, /rotation_last_success_timestamp_seconds\{realm="entra"\} 1/, "after a restart");
  t.match(known, /pass_last_success_timestamp_seconds\{realm="entra"\} 1/);
  t.strictSame(site.entra.violations, []);
});

t.test("a bad configuration at reload leaves the old one in force, and is told", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const group = site.group("Operators", [site.addUser("anna")]);
  site.configure({ groups: mapping("ops", group) });
  const schedule = byHand();
  const daemon = await startOn(site, schedule);
  t.teardown(() => daemon.stop());
  await terminalOf(site)(["sync"]);

  t.throws(() => site.configure({ groups: 'nonsense = "here"' }), { code: "CONFIG_INVALID" });
  await daemon.reload();
  const bad = await health(daemon);
  t.equal(bad.body["state"], "degraded");
  t.strictSame((bad.body["reload"] as { ok: boolean }).ok, false);
  const metrics = await (await request(`${daemon.healthUrl}/metrics`)).body.text();
  t.match(metrics, /pve_entra_agent_config_reload_success 0/);
  await schedule.tick();
  t.strictSame(site.user("anna@contoso.example@entra")?.groups, ["ops"]);

  site.configure({ groups: mapping("operators", group) + mapping("ops", group) });
  await daemon.reload();
  await terminalOf(site)(["sync"]);
  t.equal((await health(daemon)).body["state"], "ok");
  t.strictSame(site.user("anna@contoso.example@entra")?.groups, ["operators", "ops"]);
});

t.test("a standby observes, writes nothing, and names the leader", async (t) => {
  const site = await startSite(t, { nodes: ["pve1", "pve2"] });
  site.journal.close();
  const group = site.group("Operators", [site.addUser("anna")]);
  site.configure({
    groups: mapping("ops", group),
    sections: '[cluster]\nwriter = "pve2"\nid = "test"',
  });
  const daemon = await startOn(site, byHand());
  t.teardown(() => daemon.stop());
  const ran = await terminalOf(site)(["sync"]);
  t.equal(ran.exit, 1);
  t.match(ran.out, /CLUSTER_STANDBY[^]*node pve2 is the writer/);
  t.equal(site.user("anna@contoso.example@entra"), undefined);
  t.equal(site.pve.log.count({ method: "POST" }), 0);
  const { status, body } = await health(daemon);
  t.equal(status, 200);
  t.equal(body["state"], "standby");
});

t.test("a secret that is due is the writer's matter: a standby calls it nobody's", async (t) => {
  const site = await startSite(t, { secretDays: 5, nodes: ["pve1", "pve2"] });
  site.journal.close();
  site.configure({ sections: '[cluster]\nwriter = "pve2"\nid = "test"' });
  site.clock.advance(4 * 86_400_000);
  const daemon = await startOn(site, byHand());
  t.teardown(() => daemon.stop());
  const run = terminalOf(site);
  t.match((await run(["sync"])).out, /CLUSTER_STANDBY/);
  const metrics = await (await request(`${daemon.healthUrl}/metrics`)).body.text();
  t.match(metrics, /errors_total\{code="CLUSTER_STANDBY"\} [1-9]/);
  t.notMatch(metrics, /ROTATION_FOREIGN_SECRET/);
  t.notMatch((await run(["plan"])).out, /ROTATION_FOREIGN_SECRET/);
  site.configure({ sections: '[cluster]\nwriter = "pve1"\nid = "test"' });
  t.match((await run(["plan"])).out, /ROTATION_FOREIGN_SECRET/, "the writer says so");
});
