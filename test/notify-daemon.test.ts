/** The daemon and its mails: once for each event, and no pass waits for a mail server. */
import t from "tap";
import type { Test } from "tap";
import { startDaemon } from "../src/daemon/start.js";
import type { Daemon } from "../src/daemon/daemon.js";
import { byHand, feel, until } from "./support/daemon-bed.js";
import type { ByHand } from "./support/daemon-bed.js";
import { machineOf } from "./support/machine.js";
import { leaksIn, mapping, startSite } from "./support/site.js";
import type { Site, SiteOptions } from "./support/site.js";
import { notifySection, startSmallSmtp, subjectOf } from "./support/small-smtp.js";
import type { SmallSmtp } from "./support/small-smtp.js";

t.setTimeout(240_000);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Bed {
  readonly site: Site;
  readonly smtp: SmallSmtp;
  readonly schedule: ByHand;
  daemon: Daemon;
  /** People of the one mapped group, and the group. */
  readonly people: readonly string[];
  readonly group: string;
  restart(): Promise<void>;
  subjects(): readonly string[];
}

async function bedOf(t: Test, more: { site?: SiteOptions; realm?: string } = {}): Promise<Bed> {
  const site = await startSite(t, more.site);
  site.journal.close();
  const smtp = await startSmallSmtp(t);
  const people = [1, 2, 3, 4].map((n) => site.addUser(`walrus${n}`));
  const group = site.group("Operators", people);
  site.configure({
    groups: mapping("ops", group),
    sections: notifySection(smtp.port),
    ...(more.realm === undefined ? {} : { realm: more.realm }),
  });
  const schedule = byHand();
  const start = (): Promise<Daemon> =>
    startDaemon({
      configFile: site.configFile,
      version: "0.0.0-test",
      startSchedule: schedule.start,
      machine: machineOf(site.clock),
    });
  const bed: Bed = {
    site,
    smtp,
    schedule,
    people,
    group,
    daemon: await start(),
    restart: async () => {
      await bed.daemon.stop();
      bed.daemon = await start();
      await schedule.tick();
    },
    subjects: () => smtp.mails.map(subjectOf),
  };
  t.teardown(async () => {
    await bed.daemon.stop();
    const leaks = leaksIn(site, smtp.mails);
    if (leaks.length > 0) throw new Error(`secrets in mails: ${leaks.join(", ")}`);
  });
  await schedule.tick();
  return bed;
}

const mailed = (bed: Bed, count: number): Promise<void> =>
  until(`${count} mails`, () => bed.smtp.mails.length >= count && bed.smtp.open() === 0);

/** Long enough for a mail that should not come: two passes and a turn of the server. */
async function quiet({ schedule, smtp }: Bed): Promise<number> {
  await schedule.tick();
  await schedule.tick();
  return smtp.mails.length;
}

t.test("changes held: one mail, a reminder a day, one at the end, over restarts", async (t) => {
  const bed = await bedOf(t);
  const { site, schedule, people, group } = bed;
  t.equal(await quiet(bed), 0, "all is well");
  for (const id of people) site.entra.world.leave(group, id);
  await schedule.tick();
  await mailed(bed, 1);
  t.match(bed.subjects()[0], "pve-entra-agent on pve1: changes of realm entra are held");
  t.match(bed.smtp.mails[0], /The guard holds \d+ changes for \d+ people until you approve/);
  t.match(bed.smtp.mails[0], /pve-entra-agent plan/);
  t.equal(await quiet(bed), 1, "once");
  await bed.restart();
  t.equal(await quiet(bed), 1, "and not again after a restart");
  site.clock.advance(DAY);
  await schedule.tick();
  await mailed(bed, 2);
  t.match(bed.subjects()[1], "Still: changes of realm entra are held");
  for (const id of people) site.entra.world.join(group, id);
  await bed.restart();
  await mailed(bed, 3);
  t.match(bed.subjects()[2], "Over: no change of realm entra is held any more");
  t.equal(await quiet(bed), 3);
  t.notMatch(bed.smtp.mails.join("\n"), /walrus|contoso/, "counts, not names");
});

t.test(
  "the secret is refused: told at once, and over once the agent has made another",
  async (t) => {
    const bed = await bedOf(t);
    const { site, schedule } = bed;
    const { world } = site.entra;
    world.settled(() => {
      for (const { keyId } of world.secretsOf(site.sso.id)) {
        world.removeSecretByHand(site.sso.id, keyId);
      }
    });
    await schedule.tick();
    await mailed(bed, 1);
    t.match(bed.subjects()[0], "Entra refuses the client secret of realm entra");
    t.match(bed.smtp.mails[0], /Nobody can sign in/);
    for (let n = 0; n < 10 && bed.smtp.mails.length < 2; n += 1) {
      site.clock.advance(5 * MINUTE);
      await schedule.tick();
    }
    await mailed(bed, 2);
    t.match(bed.subjects()[1], "Over: Entra accepts the client secret of realm entra again");
  },
);

t.test("no complete pass for an hour: the hour is waited for", async (t) => {
  const bed = await bedOf(t);
  const { site, schedule } = bed;
  site.entra.faults.add({ times: 10_000, do: { kind: "status", status: 403, body: {} } });
  await schedule.tick();
  site.clock.advance(50 * MINUTE);
  t.equal(await quiet(bed), 0, "fifty minutes are no hour");
  site.clock.advance(20 * MINUTE);
  await schedule.tick();
  await mailed(bed, 1);
  t.match(bed.subjects()[0], "no complete pass over realm entra for an hour");
  t.match(bed.smtp.mails[0], /Why the last one failed: ENTRA_[A-Z_]+/);
  site.entra.faults.clear();
  await schedule.tick();
  await mailed(bed, 2);
  t.match(bed.subjects()[1], "Over: realm entra has had a complete pass again");
});

t.test("no complete pass for an hour: a restart every half an hour silences nothing", async (t) => {
  const bed = await bedOf(t);
  bed.site.entra.faults.add({ times: 10_000, do: { kind: "status", status: 403, body: {} } });
  await bed.schedule.tick();
  bed.site.clock.advance(30 * MINUTE);
  await bed.restart();
  t.equal(await quiet(bed), 0, "half an hour is no hour");
  bed.site.clock.advance(31 * MINUTE);
  await bed.restart();
  await mailed(bed, 1);
  t.match(bed.subjects()[0], "no complete pass over realm entra for an hour");
});

t.test(
  "a mail server that refuses fails no pass, and gets the mail once it takes it",
  async (t) => {
    const bed = await bedOf(t);
    const { site, schedule, people, group } = bed;
    bed.smtp.manner = "strict";
    for (const id of people) site.entra.world.leave(group, id);
    const extra = site.addUser("seal");
    site.entra.world.join(group, extra);
    await schedule.tick();
    t.ok(site.user("seal@contoso.example@entra"), "the pass did its work");
    await until("the server was asked", () => bed.smtp.connections() === 1);
    await until("the refusal is known", () => bed.smtp.open() === 0);
    await schedule.tick();
    const felt = await feel(bed.daemon.healthUrl);
    t.equal(felt.status, 200);
    t.equal(felt.state, "degraded", "for what is held");
    t.notMatch(felt.reasons.join(), /NOTIFY_FAILED/, "a mail that waits is no reason of its own");
    t.match(felt.metrics, /errors_total\{code="NOTIFY_FAILED"\} [1-9]/);
    const { health, findings } = bed.daemon.status();
    t.equal(health.findings.NOTIFY_FAILED, 1);
    t.match(
      findings.find(({ code }) => code === "NOTIFY_FAILED"),
      { level: "warning", message: `127.0.0.1:${bed.smtp.port} answered 550`, realm: null },
    );
    t.equal(bed.smtp.mails.length, 0);
    await until("its connection is closed", () => bed.smtp.open() === 0);
    bed.smtp.manner = "good";
    await schedule.tick();
    await mailed(bed, 1);
    await schedule.tick();
    t.equal(bed.daemon.status().health.findings.NOTIFY_FAILED, undefined);
    t.equal(bed.smtp.mails.length, 1);
  },
);

t.test("passes go on while the mail server says nothing, and so does a stop", async (t) => {
  const bed = await bedOf(t);
  const { site, schedule, people, group } = bed;
  bed.smtp.manner = "silent";
  for (const id of people) site.entra.world.leave(group, id);
  await schedule.tick();
  await until("the server was called", () => bed.smtp.open() === 1);
  const extra = site.addUser("seal");
  site.entra.world.join(group, extra);
  await schedule.tick();
  t.ok(site.user("seal@contoso.example@entra"), "a whole pass meanwhile");
  t.ok(bed.smtp.open() <= 1, "one mail at a time");
  await bed.daemon.stop();
  await until("its connection is closed", () => bed.smtp.open() === 0);
});

t.test("without [notify] nobody is called, and a reload turns mails on and off", async (t) => {
  const bed = await bedOf(t);
  const { site, schedule, people, group } = bed;
  const groups = mapping("ops", group);
  site.configure({ groups });
  await bed.daemon.reload();
  for (const id of people) site.entra.world.leave(group, id);
  t.equal(await quiet(bed), 0);
  t.equal(bed.smtp.connections(), 0);
  site.configure({ groups, sections: notifySection(bed.smtp.port) });
  await bed.daemon.reload();
  await schedule.tick();
  await mailed(bed, 1);
  t.match(bed.subjects()[0], "changes of realm entra are held");
});
