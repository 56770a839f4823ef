/** A child process of p12-node-lock.test.ts: takes the lock and keeps it. */
import { acquireNodeLock } from "../src/node-lock.js";

const [dir] = process.argv.slice(2);
acquireNodeLock(dir ?? "");
process.stdout.write("locked\n");
setInterval(() => undefined, 60_000);
