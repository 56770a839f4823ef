/** The daemon as systemd sees it: ready when it knows both sides, dead when a pass hangs. */
import { writeFileSync } from "node:fs";
import t from "tap";
import { startDaemon } from "../src/daemon/start.js";
import type { Daemon } from "../src/daemon/daemon.js";
import { createLog } from "../src/log.js";
import { EVENTS } from "../src/systemd/message-ids.js";
import { BOUNDS } from "../src/systemd/pulse.js";
import { byHand, until } from "./support/daemon-bed.js";
import type { ByHand } from "./support/daemon-bed.js";
import { hearing } from "./support/hearing.js";
import type { Hearing } from "./support/hearing.js";
import { machineOf } from "./support/machine.js";
import { mapping, startSite } from "./support/site.js";
import type { ConfigParts, Site, SiteOptions } from "./support/site.js";

t.setTimeout(120_000);

interface Bed {
  readonly site: Site;
  readonly schedule: ByHand;
  readonly events: readonly string[];
  readonly start: (heard: Hearing) => Promise<Daemon>;
}

async function bed(
  t: Parameters<typeof startSite>[0],
  options: SiteOptions = {},
  parts: ConfigParts = {},
): Promise<Bed> {
  const site = await startSite(t, options);
  site.journal.close();
  const groups = mapping("ops", site.group("Operators", [site.addUser("anna")]));
  site.configure({ groups, ...parts });
  const schedule = byHand();
  const events: string[] = [];
  const sink = ({ event }: Readonly<Record<string, unknown>>): void => {
    if (typeof event === "string") events.push(event);
  };
  const log = createLog({ clock: site.clock, sink });
  return {
    site,
    schedule,
    events,
    start: async ({ service }) => {
      const daemon = await startDaemon({
        configFile: site.configFile,
        version: "0.0.0-test",
        startSchedule: schedule.start,
        machine: machineOf(site.clock, { log, deadlineMs: 300_000 }),
        service,
      });
      t.teardown(() => daemon.stop());
      return daemon;
    },
  };
}

t.test("ready comes after the first complete look, not after the start", async (t) => {
  const { site, schedule, start, events } = await bed(t);
  const fault = { kind: "status", status: 500 } as const;
  site.pve.faults.add({ path: "/access/users", times: 1000, do: fault });
  const heard = hearing();
  const daemon = await start(heard);
  t.match(heard.status(), /^starting: the first pass/);
  await until("a pass has failed", () => heard.status().startsWith("failing: "));
  t.strictSame(heard.said, []);
  site.pve.faults.clear();
  await schedule.tick();
  t.strictSame(heard.said, ["ready"]);
  t.match(heard.status(), /^ok: 1 realm; secret ends \d{4}-\d\d-\d\d; last good pass /);
  await schedule.tick();
  await daemon.stop();
  t.strictSame(heard.said, ["ready"], "said once");
  for (const event of events) t.ok(Object.hasOwn(EVENTS, event), event);
  for (const event of ["STARTED", "WRITER", "RIGHTS_GIVEN", "RESOLVED", "STOPPING"]) {
    t.ok(events.includes(event), event);
  }
});

t.test("whoever waits for the start does not wait for Entra for ever", async (t) => {
  const { site, start } = await bed(t);
  site.pve.faults.add({ path: "/access/users", do: { kind: "stall" } });
  const heard = hearing({ patienceMs: 50 });
  await start(heard);
  await until("it is ready", () => heard.said.includes("ready"));
  t.match(heard.status(), /^starting: /, "and says that it knows nothing yet");
});

t.test("a standby that knows its writer is ready", async (t) => {
  const parts = { sections: '[cluster]\nwriter = "pve2"\nid = "test"' };
  const { site, start, events } = await bed(t, { nodes: ["pve1", "pve2"] }, parts);
  const heard = hearing();
  await start(heard);
  await until("it is ready", () => heard.said.includes("ready"));
  await until("it says so", () => heard.status().startsWith("standby: pve2 writes"));
  t.ok(events.includes("STANDBY"));
  t.notOk(events.includes("WRITER"));
  t.equal(site.user("anna@contoso.example@entra"), undefined);
});

t.test("a reload is told from its beginning to its end, good or bad", async (t) => {
  const { site, start, events } = await bed(t);
  const heard = hearing();
  const daemon = await start(heard);
  await until("it is ready", () => heard.said.includes("ready"));
  await daemon.reload();
  t.strictSame(heard.said, ["ready", "reloading", "ready"]);
  writeFileSync(site.configFile, "nonsense = 1\nmore = 2\n", { mode: 0o600 });
  await daemon.reload();
  t.strictSame(heard.said.slice(3), ["reloading", "ready"]);
  t.match(heard.status(), /^degraded: the configuration on disk is bad/);
  t.equal(events.filter((event) => event === "RELOADED").length, 1);
  t.equal(events.filter((event) => event === "RELOAD_FAILED").length, 1);
});

t.test("a reload during the start is not the end of the start", async (t) => {
  const { site, start } = await bed(t);
  const fault = { kind: "status", status: 500 } as const;
  site.pve.faults.add({ path: "/access/users", times: 1000, do: fault });
  const heard = hearing();
  const daemon = await start(heard);
  await daemon.reload();
  await until("a pass has failed", () => heard.status().startsWith("failing: "));
  t.strictSame(heard.said, []);
});

t.test("the watchdog is fed while passes go round, and not while one hangs", async (t) => {
  const { site, schedule, start, events } = await bed(t);
  let now = 0;
  const heard = hearing({ watchdogMs: 15, monotonic: () => now });
  await start(heard);
  await until("it is ready", () => heard.said.includes("ready"));
  await schedule.tick();
  const fed = (): number => heard.said.filter((word) => word === "alive").length;
  const before = fed();
  await until("it is fed between passes", () => fed() > before + 3);
  t.notOk(events.includes("STANDSTILL"));
  // None of its requests ends: each that did would be a sign of life.
  for (const { faults } of [site.pve, site.entra]) {
    faults.add({ times: Infinity, do: { kind: "stall" } });
  }
  const asked = site.pve.log.count({});
  void schedule.tick();
  await until("a pass is under way", () => site.pve.log.count({}) > asked);
  now += BOUNDS.quietMs + 1;
  await until("the hanging pass was noticed", () => events.includes("STANDSTILL"));
  const starved = fed();
  // Many beats later.
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.equal(fed(), starved);
});
