/** Reloads and stops at bad moments: storms, rotations and passes under way, a taken port. */
import Sqlite from "better-sqlite3";
import t from "tap";
import { byHand, feel, heldBack, onPort, startOn, takenPort, until } from "./support/daemon-bed.js";
import { readRealm } from "./emulators/signin/realm.js";
import { mapping, startSite } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

t.setTimeout(120_000);

const WRITER = '[cluster]\nwriter = "pve1"\nid = "test"';
const tokens = (site: Site): number => site.entra.log.count({ method: "POST", path: "/token" });
const keyOf = (site: Site): string | undefined =>
  readRealm(site.pve.domainsCfg(), "entra").clientKey;

/** A rotation in the middle of its proof, which goes on once it is let go. */
async function rotating(t: Parameters<typeof startSite>[0], parts: ConfigParts) {
  const site = await startSite(t, { secretDays: 5, nodes: ["pve1", "pve2"] });
  site.journal.close();
  const schedule = byHand();
  site.configure(parts);
  // A third of its five days is left, and less.
  site.clock.advance(4 * 86_400_000);
  const { fault, release } = heldBack(t);
  site.entra.faults.add({ method: "POST", path: "/token", skip: 20, do: fault });
  const daemon = await startOn(site, schedule);
  t.teardown(() => daemon.stop());
  await until("a proof under way", () => tokens(site) >= 21);
  return { site, daemon, release };
}

t.test("a storm of SIGHUPs leaves one schedule, and one after a stop: none", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  site.configure({ groups: mapping("ops", site.group("Operators", [site.addUser("anna")])) });
  const schedule = byHand();
  const daemon = await startOn(site, schedule);
  await Promise.all(Array.from({ length: 30 }, () => daemon.reload()));
  t.equal(schedule.living(), 1);
  await daemon.stop();
  t.equal(schedule.living(), 0);
  await daemon.reload();
  t.equal(schedule.living(), 0);
});

t.test("a stop while a reload waits for a pass ends both", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  site.configure({ groups: mapping("ops", site.group("Operators", [site.addUser("anna")])) });
  const schedule = byHand();
  site.pve.faults.add({ method: "GET", path: "/access/users", do: { kind: "stall" } });
  const daemon = await startOn(site, schedule);
  await until("a pass under way", () => site.pve.log.count({ path: "/access/users" }) > 0);
  const reload = daemon.reload();
  await daemon.stop();
  await reload;
  t.equal(schedule.living(), 0, "nothing keeps the process alive");
});

t.test("a stop ends a rotation that was begun before a reload", async (t) => {
  const { site, daemon, release } = await rotating(t, { sections: WRITER });
  const before = keyOf(site);
  await daemon.reload();
  await daemon.stop();
  const asked = tokens(site);
  release();
  // Each question of a proof follows the answer before it at once: the world's clock wakes sleepers.
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.equal(tokens(site), asked, "nothing is asked any more");
  t.equal(keyOf(site), before, "and nothing written");
});

t.test("P8: whom a reload makes a standby finishes no rotation", async (t) => {
  const { site, daemon, release } = await rotating(t, { sections: WRITER });
  const before = keyOf(site);
  site.configure({ sections: WRITER.replace("pve1", "pve2") });
  await daemon.reload();
  release();
  await until(
    "the proof's end",
    () => !JSON.stringify(daemon.status()).includes('"rotating":true'),
  );
  t.equal(keyOf(site), before);
  t.equal(site.pve.log.count({ method: "PUT" }), 0);
  t.equal((await feel(daemon.healthUrl)).state, "standby");
});

t.test("P8: whom a reload makes a standby ends its pass with the write under way", async (t) => {
  const site = await startSite(t, { nodes: ["pve1", "pve2"] });
  site.journal.close();
  const people = Array.from({ length: 20 }, (_, at) => site.addUser(`person${at}`));
  const parts = { groups: mapping("ops", site.group("Operators", people)) };
  site.configure({ ...parts, sections: WRITER });
  const post = { method: "POST", path: "/access/users" };
  const { fault, release } = heldBack(t);
  site.pve.faults.add({ ...post, skip: 3, do: fault });
  const daemon = await startOn(site, byHand());
  t.teardown(() => daemon.stop());
  await until("the fourth write", () => site.pve.log.count(post) === 4);
  site.configure({ ...parts, sections: WRITER.replace("pve1", "pve2") });
  const reload = daemon.reload();
  // From the order to where it counts the daemon waits for nothing: a turn of the loop is enough.
  await new Promise((resolve) => setImmediate(resolve));
  release();
  await reload;
  t.equal(site.pve.log.count(post), 4);
});

t.test("a reload to a health port that is taken keeps the one before", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  site.configure({});
  const daemon = await startOn(site, byHand());
  t.teardown(() => daemon.stop());
  const url = daemon.healthUrl;
  onPort(site, await takenPort(t));
  await daemon.reload();
  t.equal(daemon.healthUrl, url);
  t.equal((await feel(url)).state, "degraded", "it is there, and says what is wrong");
  site.configure({});
  await daemon.reload();
  t.equal((await feel(daemon.healthUrl)).metrics.includes("config_reload_success 1"), true);
});

t.test("an ordered rotation without a daemon ends where it stands when told to stop", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  site.configure({});
  const before = keyOf(site);
  const { fault, release } = heldBack(t);
  site.entra.faults.add({ method: "POST", path: "/token", skip: 20, do: fault });
  let stop = (): void => undefined;
  const onSignal = (listener: (signal: "stop" | "reload") => void): (() => void) => {
    stop = () => listener("stop");
    return () => undefined;
  };
  const ran = terminalOf(site)(["rotate"], { onSignal });
  await until("a proof under way", () => tokens(site) >= 21);
  stop();
  release();
  t.equal((await ran).exit, 1);
  t.match((await ran).err, /STOPPING/);
  t.equal(keyOf(site), before);
});

t.test(
  "a journal that cannot be written keeps no good configuration from being in force",
  async (t) => {
    const site = await startSite(t, { nodes: ["pve1", "pve2"] });
    site.journal.close();
    site.configure({ sections: WRITER });
    const schedule = byHand();
    const daemon = await startOn(site, schedule);
    t.teardown(() => daemon.stop());
    await schedule.tick();
    const other = new Sqlite(`${site.dir}/state/journal.db`);
    other.exec("BEGIN EXCLUSIVE");
    site.configure({ sections: WRITER.replace("pve1", "pve2") });
    await daemon.reload();
    const { state, reasons, metrics } = await feel(daemon.healthUrl);
    t.equal(daemon.config.cluster.writer, "pve2", "it is in force");
    t.match(metrics, /config_reload_success 1/, `${state}: ${reasons.join()}`);
    other.close();
    await schedule.tick();
    t.equal((await feel(daemon.healthUrl)).state, "standby");
  },
);
