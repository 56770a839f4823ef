import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { statusOf } from "../src/daemon/status.js";
import { withRealm } from "./health-common.js";

t.setTimeout(120_000);

const PRERM = new URL("../debian/pve-entra-agent.prerm", import.meta.url);

/** Runs the script that dpkg runs before it removes, with this in place of the program. */
function beforeRemoval(t: Test, program: string, argument: string): string {
  const folder = mkdtempSync(join(tmpdir(), "pve-entra-removal-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const agent = join(folder, "pve-entra-agent");
  writeFileSync(agent, `#!/bin/sh\n${program}\n`);
  chmodSync(agent, 0o755);
  const path = [folder, dirname(process.execPath), process.env["PATH"]].join(":");
  const script = readFileSync(PRERM, "utf8");
  const args = ["-c", script, "prerm", argument];
  return execFileSync("sh", args, { encoding: "utf8", env: { PATH: path } });
}

t.test("a removal says when the secret ends and that rights stay", async (t) => {
  const state = withRealm({ secret: { expires: Date.UTC(2027, 2, 1) } });
  const status = JSON.stringify(statusOf(state, undefined, [], true), null, 2);
  const said = beforeRemoval(t, `cat <<'END'\n${status}\nEND`, "remove");
  t.match(said, /people keep the groups and rights/);
  t.match(said, "The secret of realm entra ends 2027-03-01T00:00:00.000Z.\n");
});

t.test("a removal goes on where nobody knows when the secret ends", async (t) => {
  for (const program of ["exit 1", "echo nonsense", "kill -9 $$", "echo '{}'"]) {
    const said = beforeRemoval(t, program, "remove");
    t.match(said, /people keep the groups and rights/, program);
    t.match(said, /stands with the SSO app/, program);
  }
});

t.test("a removal waits ten seconds for an answer, not for ever", async (t) => {
  t.match(beforeRemoval(t, "trap '' TERM; sleep 3600", "remove"), /stands with the SSO app/);
});

t.test("an upgrade says nothing", async (t) => {
  t.equal(beforeRemoval(t, "exit 1", "upgrade"), "");
});
