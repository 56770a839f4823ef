import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
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
  t.match(said, "Nobody renews the realm's client secret any more");
  t.match(said, "The secret of realm entra ends 2027-03-01T00:00:00.000Z.\n");
});

t.test("a removal from a standby does not say that nobody renews the secret", async (t) => {
  const lease = { leader: false, writer: "pve2" };
  const state = { ...withRealm({ secret: { expires: Date.UTC(2027, 2, 1) } }), lease };
  const status = JSON.stringify(statusOf(state, undefined, [], true), null, 2);
  const said = beforeRemoval(t, `cat <<'END'\n${status}\nEND`, "remove");
  t.match(said, "Node pve2 is the writer");
  t.notMatch(said, "Nobody renews");
  t.match(said, "The secret of realm entra ends 2027-03-01");
});

t.test("a removal goes on where nobody knows when the secret ends", async (t) => {
  for (const program of ["exit 1", "echo nonsense", "kill -9 $$", "echo '{}'"]) {
    const said = beforeRemoval(t, program, "remove");
    t.match(said, /people keep the groups and rights/, program);
    t.match(said, /Nobody renews.*\n.*stands with the SSO app/, program);
  }
});

t.test("a removal waits ten seconds for an answer, not for ever", async (t) => {
  t.match(beforeRemoval(t, "trap '' TERM; sleep 3600", "remove"), /stands with the SSO app/);
});

t.test("an upgrade says nothing", async (t) => {
  t.equal(beforeRemoval(t, "exit 1", "upgrade"), "");
});

const POSTRM = new URL("../debian/pve-entra-agent.postrm", import.meta.url);
const UNIT = new URL("../systemd/pve-entra-agent.service", import.meta.url);

interface Purged {
  readonly said: string;
  /** What stands for /etc/pve-entra-agent and /var/lib/pve-entra-agent. */
  readonly etc: string;
  readonly state: string;
}

/** Runs the script that dpkg runs last, on folders of the test's own. Throws where it fails. */
function purge(t: Test, furnish: (places: Omit<Purged, "said">, folder: string) => void): Purged {
  const folder = mkdtempSync(join(tmpdir(), "pve-entra-purge-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [etc, state] = [join(folder, "etc"), join(folder, "state")];
  furnish({ etc, state }, folder);
  const script = readFileSync(POSTRM, "utf8")
    .replaceAll("/etc/pve-entra-agent", etc)
    .replaceAll("/var/lib/pve-entra-agent", state)
    .replaceAll("/proc/self/mountinfo", join(folder, "mountinfo"));
  const path = `${folder}:${process.env["PATH"]}`;
  const options = { encoding: "utf8", env: { PATH: path }, stdio: "pipe" } as const;
  return { said: execFileSync("sh", ["-c", script, "postrm", "purge"], options), etc, state };
}

t.test("a purge takes journal and credentials, and leaves what it did not make", async (t) => {
  const bare = purge(t, ({ etc, state }) => {
    mkdirSync(join(etc, "credentials"), { recursive: true });
    writeFileSync(join(etc, "credentials", "pve-token"), "");
    mkdirSync(state);
  });
  t.notOk(existsSync(bare.etc) || existsSync(bare.state));
  t.equal(bare.said, "");
  const more = purge(t, ({ etc }) => {
    mkdirSync(join(etc, "credentials"), { recursive: true });
    writeFileSync(join(etc, "notes"), "");
  });
  t.strictSame(readdirSync(more.etc), ["notes"]);
  t.match(more.said, /did not make; they stay/);
  t.equal(purge(t, () => undefined).said, "", "nothing was ever there");
});

t.test("a purge in another root takes nothing from this one", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pve-entra-purge-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [here, there] = [join(folder, "here"), join(folder, "there")];
  const state = "/var/lib/pve-entra-agent";
  const credentials = "/etc/pve-entra-agent/credentials";
  for (const root of [here, join(there, here)]) {
    for (const path of [state, credentials]) mkdirSync(join(root, path), { recursive: true });
  }
  const script = readFileSync(POSTRM, "utf8")
    .replaceAll("/var/lib/", `${here}/var/lib/`)
    .replaceAll("/etc/pve-entra-agent", `${here}/etc/pve-entra-agent`);
  const env = { PATH: process.env["PATH"], DPKG_ROOT: there };
  execFileSync("sh", ["-c", script, "postrm", "purge"], { env });
  t.ok(existsSync(join(here, state)) && existsSync(join(here, credentials)));
  t.notOk(existsSync(join(there, here, state)) || existsSync(join(there, here, credentials)));
});

t.test("a purge ends where a folder is a link, or cannot be removed", async (t) => {
  const linked = purge(t, ({ etc }, folder) => {
    mkdirSync(join(folder, "elsewhere", "credentials"), { recursive: true });
    symlinkSync(join(folder, "elsewhere"), etc);
  });
  t.strictSame(readdirSync(linked.etc), []);
  t.match(linked.said, /stay/);
  // As rm(1) does with a file system of its own that is mounted there.
  const mounted = purge(t, ({ state }, folder) => {
    mkdirSync(state);
    writeFileSync(join(folder, "rm"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  });
  t.match(mounted.said, `${mounted.state} stays`);
});

t.test("a purge does not go into what is mounted below a folder", async (t) => {
  const { said, etc, state } = purge(t, ({ etc, state }, folder) => {
    mkdirSync(join(etc, "credentials"), { recursive: true });
    mkdirSync(join(state, "backup"), { recursive: true });
    writeFileSync(join(state, "backup", "precious"), "");
    // Mounted from here, the other folder has nothing below it.
    const lines = [
      `31 1 254:0 / ${state}/backup rw - ext4 /dev/vda rw`,
      `32 1 254:0 ${etc}/credentials/x /mnt rw - ext4 /dev/vda rw`,
    ];
    writeFileSync(join(folder, "mountinfo"), `${lines.join("\n")}\n`);
  });
  t.strictSame(readdirSync(join(state, "backup")), ["precious"]);
  t.match(said, `something is mounted below ${state}, which stays`);
  t.notOk(existsSync(etc));
});

t.test("a purge does not go into what is mounted below a folder by way of a link", async (t) => {
  const { said, etc } = purge(t, ({ etc }, folder) => {
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(join(elsewhere, "credentials", "x"), { recursive: true });
    writeFileSync(join(elsewhere, "credentials", "x", "precious"), "");
    symlinkSync(elsewhere, etc);
    const line = `31 1 254:0 / ${elsewhere}/credentials/x rw - ext4 /dev/vda rw`;
    writeFileSync(join(folder, "mountinfo"), `${line}\n`);
  });
  t.strictSame(readdirSync(join(etc, "credentials", "x")), ["precious"]);
  t.match(said, `something is mounted below ${etc}/credentials, which stays`);
});

t.test("no daemon outlives its package, though dpkg has left out prerm", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pve-entra-stop-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const invoke = join(folder, "deb-systemd-invoke");
  // As it does where the unit is not known any more.
  writeFileSync(invoke, `#!/bin/sh\necho "$@" >> ${folder}/invoked\nexit 5\n`, { mode: 0o755 });
  const options = { encoding: "utf8", env: { PATH: `${folder}:${process.env["PATH"]}` } } as const;
  const after = (argument: string): string[] => {
    const script = readFileSync(POSTRM, "utf8").replaceAll("/run/systemd/system", folder);
    execFileSync("sh", ["-c", script, "postrm", argument], options);
    const file = join(folder, "invoked");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  };
  t.strictSame(after("upgrade"), []);
  const unit = "pve-entra-agent.service";
  t.strictSame(after("remove"), [`stop ${unit}`, `reset-failed ${unit}`], "nor does its failure");
});

t.test("an upgrade leaves a service stopped that its administrator has stopped", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pve-entra-upgrade-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const stopped = join(folder, "pve-entra-agent.stopped");
  const run = (name: string, argument: string, state: string, systemd = folder): boolean => {
    const invoke = `#!/bin/sh\necho ${state}\n[ ${state} = active ]\n`;
    writeFileSync(join(folder, "deb-systemd-invoke"), invoke, { mode: 0o755 });
    const script = readFileSync(
      new URL(`../debian/pve-entra-agent.${name}`, import.meta.url),
      "utf8",
    )
      .replaceAll("/run/systemd/system", systemd)
      .replaceAll("/run/pve-entra-agent.stopped", stopped);
    const env = { PATH: `${folder}:${process.env["PATH"]}` };
    execFileSync("sh", ["-c", script, name, argument], { env });
    return existsSync(stopped);
  };
  t.ok(run("preinst", "upgrade", "inactive"), "the unit starts nothing during the upgrade");
  t.match(readFileSync(UNIT, "utf8"), "\nConditionPathExists=!/run/pve-entra-agent.stopped\n");
  t.notOk(run("postinst", "configure", "inactive"), "and whoever starts it afterwards may");
  for (const state of ["active", "activating", "failed", ""]) {
    t.ok(run("preinst", "upgrade", "inactive"));
    t.notOk(run("preinst", "upgrade", state), `${state}: debhelper's postinst restarts it`);
  }
  t.notOk(run("preinst", "upgrade", "inactive", join(folder, "none")), "no systemd runs here");
  t.ok(run("preinst", "upgrade", "inactive"));
  t.notOk(
    run("preinst", "install", "inactive"),
    "what an upgrade left that was cut off counts no more",
  );
  t.ok(run("preinst", "upgrade", "inactive"));
  t.ok(
    run("preinst", "abort-upgrade", "inactive"),
    "dpkg takes it back: postinst restarts here, too",
  );
  t.notOk(run("postinst", "abort-upgrade", "inactive"));
});
