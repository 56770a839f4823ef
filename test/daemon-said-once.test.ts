/** The log has what is wrong once, though each answer of Entra about it has other ids. */
import t from "tap";
import type { LogLine } from "../src/log.js";
import { startLogged, until } from "./support/daemon-bed.js";
import { mapping, startSite } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

t.setTimeout(120_000);

const NOWHERE = "00000000-0000-4000-8000-0000000000ff";

t.test(
  "a group that is not there, over three passes, and then it is no longer named",
  async (t) => {
    const site = await startSite(t);
    site.journal.close();
    const there = site.group("Operators", [site.addUser("anna")]);
    site.configure({ groups: mapping("ops", NOWHERE) });
    const { daemon, schedule, lines } = await startLogged(t, site);
    const about = (event?: string): LogLine[] =>
      lines.filter((line) => line.code === "ENTRA_GROUP_MISSING" && line.event === event);

    const run = terminalOf(site);
    await run(["sync"]);
    await schedule.tick();
    await schedule.tick();
    t.equal(about().length, 1, "said when it appears");
    t.match(about()[0]?.message, /request-id/, "with the id that Microsoft's support asks for");
    t.strictSame(about("RESOLVED"), [], "not over while it lasts");
    const { out } = await run(["status"]);
    t.match(out, /ENTRA_GROUP_MISSING/);

    site.configure({ groups: mapping("ops", there) });
    await daemon.reload();
    await schedule.tick();
    t.equal(about("RESOLVED").length, 1, "and once when it is gone");
  },
);

t.test("a stop in the middle of a pass is no error, and nothing is over by it", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  site.configure({ groups: mapping("ops", NOWHERE) });
  const { daemon, schedule, lines } = await startLogged(t, site);
  await schedule.tick();
  site.pve.faults.add({ method: "GET", path: "/access/users", do: { kind: "stall" } });
  const broken = schedule.tick();
  await until("the pass is under way", () => site.pve.faults.pending().length === 0);
  await daemon.stop();
  await broken;
  t.strictSame(
    lines.filter(({ code, event }) => code === "STOPPING" || event === "RESOLVED"),
    [],
  );
  t.ok(
    lines.some(({ event }) => event === "STOPPING"),
    "the log has it",
  );
});

t.test("a pass that cannot look at Proxmox VE says nothing to be over", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  site.configure({ groups: mapping("ops", NOWHERE) });
  const { daemon, schedule, lines } = await startLogged(t, site);
  await schedule.tick();
  site.pve.faults.add({ path: "/access", times: 10_000, do: { kind: "cut", when: "before" } });
  await schedule.tick();
  await schedule.tick();
  const codes = (): readonly string[] => daemon.status().findings.map(({ code }) => code);
  t.ok(codes().includes("ENTRA_GROUP_MISSING") && codes().includes("PVE_UNREACHABLE"));
  site.pve.faults.clear();
  await schedule.tick();
  t.notOk(codes().includes("PVE_UNREACHABLE"));
  const resolved = lines.filter(({ event }) => event === "RESOLVED").map(({ code }) => code);
  t.strictSame(resolved, ["PVE_UNREACHABLE"], "what was seen again to be well");
  const missing = lines.filter(({ code }) => code === "ENTRA_GROUP_MISSING");
  t.equal(missing.length, 1, "said once");
});

t.test("two groups that are not there are two", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const other = NOWHERE.replace("ff", "fe");
  site.configure({ groups: mapping("ops", NOWHERE) + mapping("others", other) });
  const { lines } = await startLogged(t, site);
  await terminalOf(site)(["sync"]);
  t.equal(lines.filter(({ code }) => code === "ENTRA_GROUP_MISSING").length, 2);
});

t.test("what a pass without people did see is over", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const { world, faults } = site.entra;
  site.configure({ groups: mapping("ops", site.group("Operators", [site.addUser("anna")])) });
  const { daemon, schedule, lines } = await startLogged(t, site);
  world.settled(() => world.disableApp(site.sso.appId));
  await schedule.tick();
  const codes = (): readonly string[] => daemon.status().findings.map(({ code }) => code);
  t.strictSame(codes(), ["SSO_APP_REFUSED"]);

  world.settled(() => world.enableApp(site.sso.appId));
  faults.add({ path: "^/v1.0/", times: 10_000, do: { kind: "cut", when: "before" } });
  await schedule.tick();
  t.equal(daemon.state().realms.get("entra")?.secret.accepted, true);
  t.notOk(codes().includes("SSO_APP_REFUSED"), codes().join());
  t.equal(lines.filter(({ event }) => event === "RESOLVED").length, 1);
});
