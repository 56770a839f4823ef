import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { acquireNodeLock } from "../src/node-lock.js";

const HOLDER = fileURLToPath(new URL("node-lock-holder.ts", import.meta.url));

t.test("P12: a second agent of one node is refused, and told whom it waits for", async (t) => {
  const dir = t.testdir();
  const child = spawn(process.execPath, ["--import=tsx", HOLDER, dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  t.throws(() => acquireNodeLock(dir), {
    code: "NODE_LOCKED",
    message: `another pve-entra-agent of this node is at work (process ${child.pid})`,
  });
  t.equal(statSync(join(dir, "lock.db")).mode & 0o777, 0o600);

  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  const lock = acquireNodeLock(dir);
  t.pass("a killed holder leaves nothing to clean up");
  t.throws(() => acquireNodeLock(dir), { code: "NODE_LOCKED" }, "nor twice in one process");
  t.throws(() => acquireNodeLock(dir), { code: "NODE_LOCKED" }, "however often it is tried");
  lock.release();
  lock.release();
  const again = acquireNodeLock(dir);
  t.teardown(() => again.release());
});

t.test("P12: a stale process id decides nothing", async (t) => {
  const dir = t.testdir({ "lock.pid": "1\n" });
  acquireNodeLock(dir).release();
  const lock = acquireNodeLock(dir);
  t.teardown(() => lock.release());
  writeFileSync(join(dir, "lock.pid"), "\u001b[2J rubbish");
  t.throws(() => acquireNodeLock(dir), { message: /\(process unknown\)$/ });
});

t.test("P12: a folder that cannot be written is not mistaken for a lock", async (t) => {
  const dir = t.testdir({ file: "", taken: { "lock.db": {} } });
  t.throws(() => acquireNodeLock(join(dir, "file")), { code: "JOURNAL_UNWRITABLE" });
  t.throws(() => acquireNodeLock(join(dir, "taken")), { code: "JOURNAL_UNWRITABLE" });
});
