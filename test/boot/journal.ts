/** The log as journalctl gives it: priorities, and the ids that people search for. */
import type { Test } from "tap";
import { EVENTS } from "../../src/systemd/message-ids.js";
import type { EventName } from "../../src/systemd/message-ids.js";
import { entries, journal, UNIT } from "./service.js";
import type { Story } from "./story.js";

/** What the chapters before have brought about. */
const HAPPENED = [
  "NOT_CONFIGURED",
  "STARTED",
  "WRITER",
  "RIGHTS_GIVEN",
  "RIGHTS_TAKEN",
  "CHANGES_HELD",
  "CHANGES_APPROVED",
  "SECRET_RENEWED",
  "RELOADED",
  "RELOAD_FAILED",
  "START_FAILED",
  "RESOLVED",
  "STOPPING",
] as const satisfies readonly EventName[];
const WARNING = 4;
const INFO = 6;

export async function logged(t: Test, { node, outside }: Story): Promise<void> {
  const all = await entries(node);
  const ours = all.filter(({ SYSLOG_IDENTIFIER }) => SYSLOG_IDENTIFIER === "pve-entra-agent");
  t.not(ours.length, 0, `${ours.length} entries`);
  const priorities = new Set(ours.map(({ PRIORITY }) => Number(PRIORITY)));
  t.ok(priorities.has(INFO) && priorities.has(WARNING), "have priorities of more than one kind");
  t.ok(
    ours.every(({ MESSAGE }) => typeof MESSAGE === "string" && !/[\u0000-\u001f]/.test(MESSAGE)),
    "are text, one line each",
  );
  await t.test("what people search for is found by its id", async (t) => {
    for (const name of HAPPENED) {
      const [entry] = await entries(node, `MESSAGE_ID=${EVENTS[name].id}`);
      t.ok(entry, `${name}: ${entry?.MESSAGE ?? "nothing"}`);
    }
  });
  const whole = await journal(node, "-o", "export");
  const secrets = await outside.secretTexts();
  t.strictSame(secrets.filter((secret) => whole.includes(secret)).length, 0, "no secret is in it");
  t.ok(whole.includes(UNIT));
}
