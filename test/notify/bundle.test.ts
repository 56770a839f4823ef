/** The program as it is packaged: one file, in which the mail client waits for its first use. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { ADDONS, bundle, PROGRAM } from "../../scripts/package/bundle.js";
import { ROOT } from "../../scripts/package/project.js";
import { standingClock } from "../support/world-clock.js";
import { until } from "../support/daemon-bed.js";
import { mapping, startSite } from "../support/site.js";
import { notifySection, subjectOf } from "../support/small-smtp.js";
import { needPostfix, startPostfix } from "./postfix.js";

t.setTimeout(300_000);
needPostfix();

t.test("the bundled daemon mails that its own credential ends soon", async (t) => {
  const postfix = await startPostfix(t);
  const site = await startSite(t, { clock: standingClock(Date.now()) });
  site.journal.close();
  const secret = site.entra.world.addSecret(site.agentApp.id, { days: 10 });
  writeFileSync(join(site.dir, "agent-secret"), secret.secretText, { mode: 0o600 });
  site.configure({
    groups: mapping("ops", site.group("Operators", [])),
    sections: notifySection(postfix.port, postfix.host),
  });
  const program = await programIn(t);
  const daemon = spawn(process.execPath, [program, "run", "--config", site.configFile], {
    env: { PATH: process.env["PATH"], RUNTIME_DIRECTORY: site.dir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(daemon, "exit");
  let said = "";
  for (const stream of [daemon.stdout, daemon.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  }
  t.teardown(async () => {
    daemon.kill("SIGKILL");
    await ended;
  });
  await until("the mail", () => postfix.mails().length > 0 || daemon.exitCode !== null);
  t.match(
    subjectOf(postfix.mails()[0] ?? ""),
    "the agent's own credential for Entra ends soon",
    said,
  );
  t.match(postfix.mails()[0], /\nFrom: "pve-entra-agent" <root@localhost>\n/);
  daemon.kill("SIGTERM");
  t.strictSame(await ended, [0, null], said);
});

async function programIn(t: { teardown(done: () => void): unknown }): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "pve-entra-bundle-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const program = join(dir, PROGRAM);
  await bundle(dir);
  for (const [addon, name] of Object.entries(ADDONS)) {
    copyFileSync(join(ROOT, "node_modules", name, "build/Release", addon), join(dir, addon));
  }
  return program;
}
