/** Starts something of the demo as a process of its own, with a temp folder of its own. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Started {
  readonly child: ChildProcess;
  /** Both outputs so far. */
  text(): string;
  /** Settles once the output has this; rejects when the process ends before. */
  says(what: RegExp): Promise<RegExpExecArray>;
  /** The exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** The demo's and the emulators' folders that are still there. */
  left(): readonly string[];
}

/** @param file a TypeScript file, relative to the repository */
export function start(t: Test, file: string, ...args: readonly string[]): Started {
  const temp = mkdtempSync(join(tmpdir(), "demo-test-"));
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: temp, NO_COLOR: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const waiting = new Set<() => void>();
  const take = (more: string): void => {
    text += more;
    for (const look of waiting) look();
  };
  child.stdout.setEncoding("utf8").on("data", take);
  child.stderr.setEncoding("utf8").on("data", take);
  const ended = once(child, "close").then(([code]) => code as number | null);
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
    rmSync(temp, { recursive: true, force: true });
  });
  const says = (what: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = what.exec(text);
        if (found === null) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended without saying ${String(what)}:\n${text}`)));
    });
  const left = (): readonly string[] =>
    readdirSync(temp).filter((name) => name.startsWith("pve-entra-demo-"));
  return { child, text: () => text, says, ended, left };
}
