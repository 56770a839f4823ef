/** Mails through a real Postfix, to where Proxmox VE's own mail for root goes. */
import t from "tap";
import { startDaemon } from "../../src/daemon/start.js";
import { AgentError } from "../../src/errors.js";
import { post } from "../../src/notify/post.js";
import { letter } from "../../src/notify/words.js";
import { byHand, until } from "../support/daemon-bed.js";
import { machineOf } from "../support/machine.js";
import { mapping, startSite } from "../support/site.js";
import { notifySection, subjectOf } from "../support/small-smtp.js";
import { needPostfix, startPostfix } from "./postfix.js";

t.setTimeout(300_000);
needPostfix();

const DAY = 24 * 60 * 60_000;
const NOW = Date.UTC(2026, 10, 22, 12);
const never = new AbortController().signal;

t.test("changes held: root's command gets one mail, a reminder, and one at the end", async (t) => {
  const postfix = await startPostfix(t);
  const site = await startSite(t);
  site.journal.close();
  const people = ["walrus1", "walrus2", "walrus3"].map((name) => site.addUser(name));
  const group = site.group("Operators", people);
  site.configure({
    groups: mapping("ops", group),
    sections: notifySection(postfix.port, postfix.host),
  });
  const schedule = byHand();
  const daemon = await startDaemon({
    configFile: site.configFile,
    version: "0.0.0-test",
    startSchedule: schedule.start,
    machine: machineOf(site.clock),
  });
  t.teardown(() => daemon.stop());
  await schedule.tick();
  const arrived = (count: number): Promise<void> =>
    until(`${count} mails`, () => postfix.delivered() >= count);
  for (const id of people) site.entra.world.leave(group, id);
  await schedule.tick();
  await arrived(1);
  await schedule.tick();
  site.clock.advance(DAY);
  await schedule.tick();
  await arrived(2);
  for (const id of people) site.entra.world.join(group, id);
  await schedule.tick();
  await arrived(3);
  await schedule.tick();
  const mails = postfix.mails();
  t.strictSame(mails.map(subjectOf), [
    "pve-entra-agent on pve1: changes of realm entra are held",
    "pve-entra-agent on pve1: Still: changes of realm entra are held",
    "pve-entra-agent on pve1: Over: no change of realm entra is held any more",
  ]);
  for (const mail of mails) {
    t.match(mail, /^From (root|[^\n]*root@localhost)/, "the envelope's sender");
    t.match(mail, /\nTo: root@localhost\n/);
    t.match(mail, /\nAuto-Submitted: auto-generated\n/);
    t.match(mail, /\nContent-Transfer-Encoding: 7bit\n/, "readable as it is");
    t.notMatch(mail, /walrus|contoso\.example@entra/, "counts, not names");
  }
  t.match(postfix.log(), /status=sent \(delivered to command/);
  t.strictSame(daemon.status().health.findings.NOTIFY_FAILED, undefined);
});

t.test("a hostile name adds no header and no recipient", async (t) => {
  const postfix = await startPostfix(t);
  const config = { to: "root", from: "root", host: postfix.host, port: postfix.port };
  const evil = "pve1\r\nBcc: postmaster@localhost\r\nX-Evil: 1\r\n\r\n.\r\nMAIL FROM:<x>";
  const due = {
    key: "held entra",
    kind: "begun",
    matter: { topic: "held", realm: "entra\n.\nQUIT", held: 1, people: 1 },
    since: NOW,
  } as const;
  await post(letter(due, evil, NOW), config, NOW, never);
  await until("the mail", () => postfix.delivered() === 1);
  const [mail = ""] = postfix.mails();
  const headers = mail.slice(0, mail.indexOf("\n\n"));
  t.notMatch(headers, /^(Bcc|X-Evil):/im);
  t.match(headers, /^Subject: pve-entra-agent on pve1/m);
  t.equal(postfix.log().match(/ to=</g)?.length, 1, "one recipient");
});

t.test("whom the mail server does not know is told, and so is that it is away", async (t) => {
  const postfix = await startPostfix(t);
  const config = { to: "no-such-user", from: "root", host: postfix.host, port: postfix.port };
  const attempt = (): Promise<string> =>
    post({ subject: "a test", text: "a test\n" }, config, NOW, never).then(
      () => "sent",
      (thrown: unknown) => (thrown instanceof AgentError ? thrown.message : String(thrown)),
    );
  t.match(await attempt(), /answered 550$/);
  t.equal(await attempt(), await attempt(), "in the same words");
  await postfix.stop();
  t.match(await attempt(), /cannot be reached \(ECONNREFUSED\)$/);
  t.strictSame(postfix.mails(), []);
});
