/** The program where nobody takes what it writes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";

t.setTimeout(120_000);

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

interface Ended {
  readonly exit: number | null;
  readonly err: string;
}

/** @param out where standard output goes; absent: to a reader that is gone at once */
async function help(out?: number): Promise<Ended> {
  const child = spawn(process.execPath, ["--import", "tsx", MAIN, "--help"], {
    stdio: ["ignore", out ?? "pipe", "pipe"],
  });
  let err = "";
  child.stderr?.on("data", (bytes: Buffer) => (err += bytes.toString()));
  child.stdout?.destroy();
  const [exit] = (await once(child, "close")) as [number | null];
  return { exit, err };
}

t.test("a reader that has gone, as `head` does, is no failure", async (t) => {
  t.strictSame(await help(), { exit: 0, err: "" });
});

t.test("an answer that the disk has no room for is one, in a line", async (t) => {
  const full = openSync("/dev/full", "w");
  t.teardown(() => closeSync(full));
  t.strictSame(await help(full), {
    exit: 1,
    err: "pve-entra-agent: the answer could not be written (ENOSPC)\n",
  });
});
