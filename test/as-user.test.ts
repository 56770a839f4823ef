/** The program as another user: what it can reach of root's, and how it ends. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import t from "tap";
import { runAsUser } from "../src/as-user.js";
import { EXIT } from "../src/exit.js";

t.setTimeout(120_000);

const NOBODY = { uid: 65_534, gid: 65_534 };
const root = process.getuid?.() === 0;
const never = new AbortController().signal;

/** proc_pid_stat(5): the session is the fourth field after the name. */
function sessionOf(pid: number | "self"): string {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3] ?? "";
}

t.test("it has no terminal of root's, and gives its exit code", async (t) => {
  // `own` ends with 3 where it shares this process's session, whose terminal it could type into.
  const own = `set -- $(cut -d')' -f2 /proc/self/stat); [ "$4" = ${sessionOf("self")} ] && exit 3; exit 2`;
  const ran = runAsUser(NOBODY, ["/bin/sh", "-c", own], {}, never);
  if (root) t.equal(await ran, EXIT.changesWait);
  else await t.rejects(ran, { code: "CONTROL_UNREACHABLE" }, "nobody else may become another");
});

t.test("it does not go on where root's own process was killed", async (t) => {
  if (!root) {
    const ran = runAsUser(NOBODY, ["/bin/true"], {}, never);
    return void (await t.rejects(ran, { message: /ended by exit code/ }));
  }
  const work = "echo $$; for i in $(seq 100); do sleep 0.2; done; echo went on";
  const code = `import { runAsUser } from ${JSON.stringify(new URL("../src/as-user.ts", import.meta.url).href)};
    await runAsUser(${JSON.stringify(NOBODY)}, ["/bin/sh", "-c", "${work}"], {}, new AbortController().signal);`;
  const args = ["--import", "tsx", "--input-type=module", "-e", code];
  const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const chunk of parent.stdout) {
    said += String(chunk);
    parent.kill("SIGKILL");
  }
  t.match(said, /^[0-9]+\n$/, "it said its first word, and not the last");
});
