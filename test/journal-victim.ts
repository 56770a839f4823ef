/** A child process of journal-kill.test.ts: writes until it is killed, and says what it wrote. */
import { writeSync } from "node:fs";
import { action, leave, open } from "./journal-common.js";
import type { UserId } from "../src/decide/facts.js";

const [dir] = process.argv.slice(2);
const journal = open(dir ?? "");
const pass = journal.beginPass(["entra"], "schedule");
const say = (line: string): void => void writeSync(1, `${line}\n`);
for (let n = 0; n < 100_000; n++) {
  const userid = `u${n}@entra` as UserId;
  const ids = journal.intend(pass, action([leave(userid, "admins")]));
  say(`intended ${userid}`);
  journal.settle(ids, "done");
  say(`settled ${userid}`);
}
