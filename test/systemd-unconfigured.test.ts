/** Installed and not configured: `run` waits, says what to do, and begins with a reload. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { isConfigured } from "../src/config/configured.js";
import { createLog } from "../src/log.js";
import { main } from "../src/main.js";
import { acquireNodeLock } from "../src/node-lock.js";
import { until } from "./support/daemon-bed.js";
import { listen } from "./support/datagrams.js";
import { machineOf } from "./support/machine.js";
import { mapping, startSite } from "./support/site.js";
import type { Site } from "./support/site.js";

t.setTimeout(120_000);

interface Running {
  readonly exit: Promise<number>;
  readonly signal: (name: "stop" | "reload") => void;
  /** The program listens to signals. */
  readonly hooked: Promise<void>;
  readonly told: () => readonly string[];
  readonly said: () => string;
  readonly events: readonly string[];
}

function runOn(
  t: Parameters<typeof listen>[0],
  site: Site,
  env: Readonly<Record<string, string>> = {},
): Running {
  const systemd = listen(t);
  let signal: Running["signal"] = () => undefined;
  let hook = (): void => undefined;
  const hooked = new Promise<void>((resolve) => (hook = resolve));
  const events: string[] = [];
  const errors: string[] = [];
  const log = createLog({
    clock: site.clock,
    sink: ({ event }) => void (typeof event === "string" && events.push(event)),
  });
  const exit = main(["run", "--config", site.configFile], {
    out: () => undefined,
    err: (text) => void errors.push(text),
    terminal: false,
    version: "0.0.0-test",
    uid: 0,
    onSignal: (listener) => {
      signal = listener;
      hook();
      return () => undefined;
    },
    machine: machineOf(site.clock, { log, env: { ...env, NOTIFY_SOCKET: systemd.path } }),
  });
  return {
    exit,
    signal: (name) => signal(name),
    hooked,
    told: () => systemd.texts(),
    said: () => errors.join(""),
    events,
  };
}

const NONSENSE = /^STATUS=not started: CONFIG_INVALID: .*config\.toml:1:1.*nonsense/;
const ADVICE = /^STATUS=not configured: edit .*config\.toml, then systemctl restart/;

t.test("it waits without failing, and a stop ends it", async (t) => {
  const site = await startSite(t);
  const { exit, signal, told, events } = runOn(t, site);
  await until("it is ready", () => told().includes("READY=1"));
  t.match(told()[0], ADVICE, "and has said what to do before");
  t.strictSame(events, ["NOT_CONFIGURED"], "once");
  signal("stop");
  t.equal(await exit, 0);
  await until("systemd has heard of it", () => told().includes("STOPPING=1"));
  t.equal(site.pve.log.count({}), 0);
});

t.test("a bad configuration keeps it waiting, a good one begins for real", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  writeFileSync(site.configFile, "# nothing yet\n\n", { mode: 0o600 });
  const { exit, signal, told, events } = runOn(t, site);
  const readies = (): number => told().filter((text) => text === "READY=1").length;
  await until("it is ready", () => readies() === 1);

  signal("reload");
  await until("the reload is over", () => readies() === 2);
  t.strictSame(events, ["NOT_CONFIGURED", "NOT_CONFIGURED"]);

  writeFileSync(site.configFile, "nonsense = 1\n", { mode: 0o600 });
  signal("reload");
  await until("the reload is over", () => readies() === 3);
  t.equal(events.at(-1), "RELOAD_FAILED");
  t.ok(told().some((text) => NONSENSE.test(text)));

  const anna = site.addUser("anna");
  const good = join(site.dir, "good.toml");
  site.configure({ groups: mapping("ops", site.group("Operators", [anna])) });
  copyFileSync(site.configFile, good);
  signal("reload");
  await until("a pass has been", () => site.user("anna@contoso.example@entra") !== undefined);
  t.ok(events.includes("STARTED"));

  signal("reload");
  await until("the daemon reloads as ever", () => events.includes("RELOADED"));
  signal("stop");
  t.equal(await exit, 0);
  await until("systemd has heard of it", () => told().includes("STOPPING=1"));
});

t.test("a reload that is asked for while the first one begins for real is done, too", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  site.configure({ groups: mapping("ops", site.group("Operators", [])) });
  const good = readFileSync(site.configFile);
  writeFileSync(site.configFile, "", { mode: 0o600 });
  const { exit, signal, told, events } = runOn(t, site);
  await until("it is ready", () => told().includes("READY=1"));
  writeFileSync(site.configFile, good, { mode: 0o600 });
  signal("reload");
  signal("reload");
  await until("the second one is done", () => events.includes("RELOADED"));
  t.strictSame(events.slice(0, 2), ["NOT_CONFIGURED", "STARTED"]);
  signal("stop");
  t.equal(await exit, 0);
});

t.test("what is no mistake in the configuration is not called one", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const { state } = site.configure({ groups: mapping("ops", site.group("Operators", [])) });
  const good = readFileSync(site.configFile);
  writeFileSync(site.configFile, "", { mode: 0o600 });
  const { exit, signal, told } = runOn(t, site);
  await until("it is ready", () => told().includes("READY=1"));
  const other = acquireNodeLock(state.dir);
  writeFileSync(site.configFile, good, { mode: 0o600 });
  signal("reload");
  const readies = (): number => told().filter((text) => text === "READY=1").length;
  await until("the reload is over", () => readies() === 2);
  const status = told().filter((text) => text.startsWith("STATUS="));
  t.match(status.at(-1), /^STATUS=not started: NODE_LOCKED: /);
  other.release();
  signal("stop");
  t.equal(await exit, 0);
});

t.test("a reload that is asked for before the daemon is there is done once it is", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  site.configure({ groups: mapping("ops", site.group("Operators", [])) });
  const { exit, signal, events, hooked } = runOn(t, site);
  await hooked;
  signal("reload");
  t.notOk(events.includes("STARTED"));
  await until("the reload is done", () => events.includes("RELOADED"));
  t.equal(events[0], "STARTED");
  signal("stop");
  t.equal(await exit, 0);
});

t.test("a bad configuration at the start is exit code 78", async (t) => {
  const site = await startSite(t);
  writeFileSync(site.configFile, "nonsense = 1\n", { mode: 0o600 });
  const { exit, told } = runOn(t, site);
  t.equal(await exit, 78);
  await until("systemd has heard of it", () => told().some((text) => NONSENSE.test(text)));
  t.notOk(told().includes("READY=1"));
});

t.test("/etc/pve absent at the start is an exit code that systemd tries again", async (t) => {
  const site = await startSite(t);
  site.configure({ groups: mapping("ops", site.group("Operators", [])) });
  writeFileSync(
    site.configFile,
    readFileSync(site.configFile, "utf8").replace(/"[^"\n]*pve-token"/, '"in-etc-pve"'),
  );
  const credentials = join(site.dir, "credentials");
  mkdirSync(credentials);
  writeFileSync(join(credentials, "pve-root-ca.pem"), "\n");
  const { exit, told, said } = runOn(t, site, { CREDENTIALS_DIRECTORY: credentials });
  t.equal(await exit, 1);
  t.match(said(), /ETC_PVE_ABSENT: .*token_file.*systemctl status pve-cluster/);
  const failed = /^STATUS=not started: ETC_PVE_ABSENT: .*systemctl status pve-cluster/;
  await until("systemd has heard of it", () => told().some((text) => failed.test(text)));
  t.notOk(told().includes("READY=1"));
});

t.test("comments and blank lines are no configuration; anything else is", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "pea-configured-"));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "config.toml");
  t.equal(isConfigured(file), false, "no file");
  t.equal(isConfigured(join(file, "below")), false);
  for (const text of ["", "\n", "# a\n\t # b\r\n\n", "#", "  \t"]) {
    writeFileSync(file, text);
    t.equal(isConfigured(file), false, JSON.stringify(text));
  }
  for (const text of ["a", "[pve]", "# a\nx = 1\n", '"#" = 1', "\ufeff[pve]"]) {
    writeFileSync(file, text);
    t.equal(isConfigured(file), true, JSON.stringify(text));
  }
  t.equal(isConfigured(dir), true, "a folder is for loading to complain of");
});
