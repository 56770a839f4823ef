import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import t from "tap";
import { START, open } from "./journal-common.js";

const VICTIM = fileURLToPath(new URL("journal-victim.ts", import.meta.url));

/** Runs the victim until it has said this many lines, then kills it; gives all that it said. */
async function killedAfter(lines: number, dir: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, ["--import=tsx", VICTIM, dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (said.length === lines) child.kill("SIGKILL");
  }
  await ended;
  return said;
}

t.test("kill -9 loses nothing that was said to be written", async (t) => {
  const dir = t.testdir();
  for (const lines of [1, 2, 101, 350]) {
    const said = await killedAfter(lines, dir);
    const named = (verb: string): string[] =>
      said.filter((line) => line.startsWith(`${verb} `)).map((line) => line.split(" ")[1] ?? "");
    const journal = open(dir);
    t.strictSame(journal.findings, [], "the file is sound");
    const entries = journal.entries({ limit: 1_000_000 });
    const latest = Math.max(...entries.map((entry) => (entry.type === "change" ? entry.pass : 0)));
    const ofThis = entries.flatMap((entry) =>
      entry.type === "change" && entry.pass === latest ? [entry] : [],
    );
    const outcomes = new Map<string, string>(
      ofThis.map(({ userid, outcome }) => [String(userid), outcome]),
    );
    for (const userid of named("intended")) {
      const want = named("settled").includes(userid) ? ["done"] : ["done", "unknown"];
      const outcome = outcomes.get(userid) ?? "missing";
      if (!want.includes(outcome)) t.fail(`${userid} is ${outcome}`);
    }
    t.ok(ofThis.length >= named("intended").length, `${lines} lines: all intents are there`);
    t.equal(journal.history(START).losses.length > 0, true, "and what they mean holds");
    t.ok(
      entries.some((entry) => entry.type === "pass" && !entry.ended),
      "history tells of a pass that was cut off",
    );
    journal.close();
  }
});
