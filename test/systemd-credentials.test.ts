/** Where credentials are found: what systemd loaded, the two places that root reads, and beside. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { clusterId } from "../src/cluster/id.js";
import { foldersOf, foldersText, lacksEtcPve, locate, ROOT_CA } from "../src/config/folders.js";
import { handOver } from "../src/config/hand-over.js";
import { loadConfig } from "../src/config/load.js";
import { ConfigError } from "../src/config/problems.js";
import { controlSocket } from "../src/control/index.js";
import { EXIT, exitOf } from "../src/exit.js";
import { createAuthority } from "./emulators/common/tls.js";
import { BASE, changed } from "./config-cases/base.js";
import { configFolder } from "./config-cases/folder.js";

const NO_CA = { url: "https://127.0.0.1:8006", tokenId: "a@pve!b", tokenFile: "/nowhere/token" };
const PACKAGED = "/etc/pve-entra-agent/config.toml";

function folder(t: Parameters<typeof configFolder>[0]): string {
  const dir = mkdtempSync(join(tmpdir(), "pea-credentials-"));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** As systemd lays a credential down: mode 0440, root's. */
function credential(dir: string, name: string, text: string): void {
  rmSync(join(dir, name), { force: true });
  writeFileSync(join(dir, name), text, { mode: 0o440 });
}

t.test("the cluster's credential goes before the node's, and what stands in is none", async (t) => {
  const dir = folder(t);
  const find = (name: string): string =>
    locate(name, foldersOf(PACKAGED, { CREDENTIALS_DIRECTORY: dir }));
  // With neither folder there, the unit's stand-ins are all there is.
  credential(dir, "cluster", "\n");
  credential(dir, "node", "\n");
  credential(dir, "pve-root-ca.pem", "\n");
  t.equal(find("pve-token"), "/etc/pve-entra-agent/pve-token");
  t.equal(find("pve-root-ca.pem"), "/etc/pve-entra-agent/pve-root-ca.pem");
  credential(dir, "pve-entra-agent.pve-token", "from the host's store\n");
  t.equal(find("pve-token"), `${dir}/pve-entra-agent.pve-token`);
  credential(dir, "node_pve-token", "the node's\n");
  t.equal(find("pve-token"), `${dir}/node_pve-token`);
  for (const text of ["the cluster's\n", "\n", ""]) {
    credential(dir, "cluster_pve-token", text);
    t.equal(find("pve-token"), `${dir}/cluster_pve-token`, "even an empty one is there");
  }
  credential(dir, "node_sub_file", "in a folder\n");
  t.equal(find("sub/file"), `${dir}/node_sub_file`);
  t.equal(find("/absolute"), "/absolute");
});

t.test("root's shell looks where systemd would have", async (t) => {
  t.strictSame(foldersOf(PACKAGED, {}), {
    config: "/etc/pve-entra-agent",
    places: ["/etc/pve/priv/pve-entra-agent", "/etc/pve-entra-agent/credentials"],
    rootCa: "/etc/pve/pve-root-ca.pem",
  });
  t.strictSame(
    foldersOf("/root/other.toml", {}),
    { config: "/root", places: [] },
    "another file's are its own",
  );
  const [cluster, node, config] = [folder(t), folder(t), folder(t)];
  const folders = { places: [cluster, node], config };
  t.equal(locate("a", folders), join(config, "a"));
  writeFileSync(join(node, "a"), "x");
  t.equal(locate("a", folders), join(node, "a"));
  mkdirSync(join(cluster, "sub"));
  writeFileSync(join(cluster, "a"), "x");
  t.equal(locate("a", folders), join(cluster, "a"));
  t.equal(foldersText(folders), `${cluster} or in ${node} or in ${config}`);
  const rootCa = join(folder(t), "pve-root-ca.pem");
  t.equal(locate("pve-root-ca.pem", { ...folders, rootCa }), join(config, "pve-root-ca.pem"));
  t.ok(lacksEtcPve({ ...folders, rootCa }));
  writeFileSync(rootCa, "a CA");
  t.equal(locate("pve-root-ca.pem", { ...folders, rootCa }), rootCa);
  t.notOk(lacksEtcPve({ ...folders, rootCa }));
  t.notOk(lacksEtcPve(folders), "another file's folders have nothing to do with /etc/pve");
});

t.test("a credential that systemd has not loaded is told with where to put it", async (t) => {
  const { file } = configFolder(t, BASE.replace('"pve-token"', '"none-yet"'));
  const dir = folder(t);
  try {
    loadConfig(file, { env: { CREDENTIALS_DIRECTORY: dir } });
    t.fail("it was found");
  } catch (thrown) {
    t.ok(thrown instanceof ConfigError);
    const { message } = thrown as ConfigError;
    t.match(message, /loaded at the start from \/etc\/pve\/priv\/pve-entra-agent and/);
    t.match(message, /\/etc\/pve-entra-agent\/credentials/);
    t.match(message, /create it in one of them and restart the service/, "a reload does not do");
  }
});

/** What comes of loading a configuration with these credentials. */
function loading(file: string, dir: string): { code: string; exit: number; lines: string[] } {
  try {
    loadConfig(file, { env: { CREDENTIALS_DIRECTORY: dir } });
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return { code: thrown.code, exit: exitOf(thrown), lines: thrown.message.split("\n") };
  }
  return { code: "none", exit: EXIT.done, lines: [] };
}

t.test("/etc/pve is not mounted yet: not a wrong configuration, systemd tries again", async (t) => {
  const { folder: config, file } = configFolder(t, BASE);
  for (const name of ["pve-root-ca.pem", "pve-token", "agent.pem"]) rmSync(join(config, name));
  const dir = folder(t);
  for (const name of ["cluster", "node", "pve-root-ca.pem"]) credential(dir, name, "\n");

  const late = loading(file, dir);
  t.match(late, { code: "ETC_PVE_ABSENT", exit: EXIT.failed });
  t.equal(late.lines.length, 3, "each file that is missing is told");
  for (const line of late.lines) {
    t.match(line, /names a file that is not there.* nothing of \/etc\/pve is there either/);
    t.match(line, /systemctl status pve-cluster/);
    t.match(line, /or put the file in \/etc\/pve-entra-agent\/credentials$/);
  }

  credential(dir, "node_agent.pem", "this node's own");
  t.match(loading(file, dir), { code: "ETC_PVE_ABSENT", exit: EXIT.failed, lines: { length: 2 } });
  writeFileSync(file, changed({ "rotate = true": "rotat = true" }));
  t.match(loading(file, dir), { code: "CONFIG_INVALID", exit: EXIT.config }, "a mistake is one");
  writeFileSync(file, BASE);

  credential(dir, "pve-root-ca.pem", "a CA");
  const wrong = loading(file, dir);
  t.match(
    wrong,
    { code: "CONFIG_INVALID", exit: EXIT.config },
    "mounted, and the token is missing",
  );
  t.equal(wrong.lines.length, 1);
  t.notMatch(wrong.lines[0], /pve-cluster/);
  credential(dir, "cluster_pve-token", "the cluster's");
  t.strictSame(loading(file, dir).lines, []);
});

t.test("the cluster's id may come with /etc/pve, too", async (t) => {
  const dir = folder(t);
  const { folder: config, file } = configFolder(t, BASE);
  rmSync(join(config, "pve-root-ca.pem"));
  const env = { CREDENTIALS_DIRECTORY: dir };
  const idOf = (): string => clusterId({ cluster: {}, pve: NO_CA, file }, env);
  t.throws(idOf, { code: "CONFIG_INVALID" });
  credential(dir, "pve-root-ca.pem", "\n");
  t.throws(idOf, { code: "ETC_PVE_ABSENT", message: /set \[cluster\] id$/ });
});

t.test("the cluster's id comes from the CA that systemd loaded", async (t) => {
  const dir = folder(t);
  const { file } = configFolder(t, BASE);
  const { file: other } = configFolder(t, BASE);
  const { caPem: ca } = await createAuthority("A cluster");
  writeFileSync(join(dir, "pve-root-ca.pem"), ca, { mode: 0o440 });
  const env = { CREDENTIALS_DIRECTORY: dir };
  const config = { cluster: {}, pve: { ...loadConfig(file, { env: {} }).pve }, file };
  const id = clusterId(config, env);
  t.match(id, /^[0-9a-f]{12}$/);
  t.equal(clusterId({ ...config, file: other }, env), id);
  t.equal(clusterId({ ...config, cluster: { id: "own" } }, env), "own");
});

t.test("root hands over to the service's user what systemd would load", async (t) => {
  const dir = folder(t);
  const [cluster, node] = [join(dir, "cluster"), join(dir, "node")];
  mkdirSync(join(cluster, "arc"), { recursive: true });
  mkdirSync(node);
  const rootCa = join(dir, ROOT_CA.name);
  for (const [file, text] of [
    [join(cluster, "pve-token"), "the cluster's"],
    [join(cluster, "arc", "key.pem"), "a key"],
    [join(node, "pve-token"), "this node's"],
    [rootCa, "a CA"],
  ] as const) {
    writeFileSync(file, text, { mode: 0o600 });
  }
  // Root alone can hand over to another; whoever is not root does it to itself.
  const root = process.getuid?.() === 0;
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const user = root ? { uid: 12_345, gid: 12_346 } : own;
  const folders = { config: dir, places: [cluster, node], rootCa };
  const handed = handOver(folders, user, dir);
  const into = handed.env["CREDENTIALS_DIRECTORY"] ?? "";
  const { mode, uid, gid } = statSync(into);
  t.strictSame(
    [mode & 0o777, uid, gid],
    [0o750, own.uid, user.gid],
    "nobody else puts links there",
  );
  const content = (name: string): readonly [string, number] => {
    const file = join(into, name);
    t.equal(statSync(file).uid, user.uid);
    return [readFileSync(file, "utf8"), statSync(file).mode & 0o777];
  };
  const all = readdirSync(into).map((name) => [name, ...content(name)]);
  t.strictSame(all.sort(), [
    ["cluster_arc_key.pem", "a key", 0o400],
    ["cluster_pve-token", "the cluster's", 0o400],
    ["node_pve-token", "this node's", 0o400],
    [ROOT_CA.name, "a CA", 0o400],
  ]);
  const asService = foldersOf("/etc/pve-entra-agent/config.toml", handed.env);
  t.equal(locate("pve-token", asService), join(into, "cluster_pve-token"));
  t.equal(locate("arc/key.pem", asService), join(into, "cluster_arc_key.pem"));
  handed.takeBack();
  t.strictSame(readdirSync(dir).sort(), ["cluster", "node", ROOT_CA.name]);

  const elsewhere = handOver({ config: dir, places: [] }, user, dir);
  t.strictSame(elsewhere.env, {}, "a configuration that is not the package's has its own files");
  elsewhere.takeBack();
  t.equal(readdirSync(dir).length, 3);
});

t.test("the service and root's shell mean the same control socket", async (t) => {
  const own = "/var/lib/pve-entra-agent";
  const systemd = { RUNTIME_DIRECTORY: "/run/pve-entra-agent" };
  t.equal(controlSocket(own, systemd), "/run/pve-entra-agent/control.sock");
  t.equal(controlSocket(own, {}), "/run/pve-entra-agent/control.sock");
  t.equal(controlSocket("/srv/state", systemd), "/srv/state/control.sock");
  t.equal(controlSocket("/srv/state", {}), "/srv/state/control.sock");
});
