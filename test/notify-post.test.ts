/** One mail to a mail server that may be as bad as it likes. */
import t from "tap";
import type { NotifyConfig } from "../src/config/types.js";
import { AgentError } from "../src/errors.js";
import { post } from "../src/notify/post.js";
import { startSmallSmtp } from "./support/small-smtp.js";
import type { Manner } from "./support/small-smtp.js";
import { until } from "./support/daemon-bed.js";

t.setTimeout(120_000);

const AT = Date.UTC(2026, 10, 22, 12);
const LETTER = { subject: "pve-entra-agent on pve1: a test", text: "One line.\n\nAnother.\n" };
const never = new AbortController().signal;

function to(port: number, more: Partial<NotifyConfig> = {}): NotifyConfig {
  return { to: "root", from: "root", host: "127.0.0.1", port, ...more };
}

async function refusal(work: Promise<void>): Promise<AgentError> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof AgentError) return thrown;
    throw thrown;
  }
  throw new Error("it was sent");
}

t.test("a mail as administrators and their mail programs want it", async (t) => {
  const smtp = await startSmallSmtp(t);
  await post(LETTER, to(smtp.port), AT, never);
  const [mail = ""] = smtp.mails;
  t.equal(smtp.mails.length, 1);
  t.match(mail, /^RCPT TO:<root@localhost>\n/);
  t.match(mail, `\nFrom: "pve-entra-agent" <root@localhost>\n`);
  t.match(mail, "\nTo: root@localhost\n");
  t.match(mail, "\nSubject: pve-entra-agent on pve1: a test\n");
  t.match(mail, /\nDate: Sun, 22 Nov 2026 12:00:00 (\+0000|GMT)\n/);
  t.match(mail, "\nAuto-Submitted: auto-generated\n");
  t.match(mail, "\n\nOne line.\n\nAnother.");
  t.notMatch(mail, /x-mailer/i);
  await until("the connection is closed", () => smtp.open() === 0);
});

t.test("a full address stays as it is", async (t) => {
  const smtp = await startSmallSmtp(t);
  const config = to(smtp.port, { to: "ops+pve@example.com", from: "pve1@example.com" });
  await post(LETTER, config, AT, never);
  t.match(smtp.mails[0], /^RCPT TO:<ops\+pve@example.com>\n/);
  t.match(smtp.mails[0], `From: "pve-entra-agent" <pve1@example.com>\n`);
});

const BAD: Record<Exclude<Manner, "good">, RegExp> = {
  silent: /did not take a mail within 0.5 s$/,
  drip: /did not take a mail within 0.5 s$/,
  flood: /did not take a mail \(E[A-Z]+\)$/,
  rude: /did not take a mail \(E[A-Z]+\)$/,
  strict: /answered 550$/,
  full: /answered 451$/,
  dying: /did not take a mail \(E[A-Z]+\)$/,
};

for (const [manner, says] of Object.entries(BAD) as [Manner, RegExp][]) {
  t.test(`a mail server that is ${manner} is told of in the same words each time`, async (t) => {
    const smtp = await startSmallSmtp(t, manner);
    const messages: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const error = await refusal(post(LETTER, to(smtp.port), AT, never, 500));
      t.equal(error.code, "NOTIFY_FAILED");
      messages.push(error.message);
    }
    t.match(messages[0], says);
    t.match(messages[0], `127.0.0.1:${smtp.port}`);
    t.equal(new Set(messages).size, 1, messages.join(" | "));
    t.equal(smtp.mails.length, 0);
    t.equal(smtp.connections(), 3);
    await until("every connection is closed", () => smtp.open() === 0);
  });
}

t.test("where nobody listens that is what is said", async (t) => {
  const smtp = await startSmallSmtp(t);
  const error = await refusal(post(LETTER, to(1), AT, never));
  t.match(error.message, "127.0.0.1:1 cannot be reached (ECONNREFUSED)");
  t.equal(smtp.connections(), 0);
});

t.test("a stop ends it at once", async (t) => {
  const smtp = await startSmallSmtp(t, "silent");
  const stop = new AbortController();
  const sending = refusal(post(LETTER, to(smtp.port), AT, stop.signal));
  await until("the server was called", () => smtp.open() === 1);
  stop.abort(new Error("stopping"));
  t.equal((await sending).code, "NOTIFY_FAILED");
  await until("the connection is closed", () => smtp.open() === 0);
});

t.test("after a stop nobody is called", async (t) => {
  const smtp = await startSmallSmtp(t);
  await refusal(post(LETTER, to(smtp.port), AT, AbortSignal.abort()));
  t.equal(smtp.connections(), 0);
});
