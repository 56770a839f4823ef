/** What no life may have, however long: complaints of Node, errors without a code, leaks. */
import type { Test } from "tap";
import { request } from "undici";
import type { Life } from "./soak-life.js";
import { uncoded } from "./soak-measure.js";

const DAY_MS = 86_400_000;

/** Warnings (of listeners that leak, above all) and rejections that nobody handles, from now on. */
export function complaints(t: Test): readonly string[] {
  const heard: string[] = [];
  const warned = (warning: Error): void => void heard.push(`warning: ${warning.message}`);
  const rejected = (reason: unknown): void => void heard.push(`rejection: ${String(reason)}`);
  process.on("warning", warned).on("unhandledRejection", rejected);
  t.teardown(() => process.off("warning", warned).off("unhandledRejection", rejected));
  return heard;
}

/** Trouble is over: after some quiet passes everything is as Entra says, and the agent is well. */
export async function assertWell(t: Test, life: Life, heard: readonly string[]): Promise<void> {
  await life.world("heal");
  for (let pass = 0; pass < 4; pass++) {
    await life.advance(DAY_MS);
    await life.tick();
    await life.quiet();
  }
  const { wrong, accepted, violations, leaks } = await life.world("verdict");
  t.strictSame(wrong, [], "everybody is in the groups that Entra says, and nobody else");
  t.ok(accepted, "Entra accepts the realm's key (P1)");
  t.strictSame(violations, [], "the emulators answered as the real ones would");
  t.strictSame(leaks, [], "no secret in the log or the journal (P10)");
  t.strictSame(uncoded(life.logFile), [], "no error or warning without a code (P12)");
  const { body } = await request(`${life.daemon.healthUrl}/health`, { reset: true });
  t.match(await body.json(), { state: "ok", reasons: [] });
  t.strictSame(heard, [], "no warning of Node's, no unhandled rejection");
}
