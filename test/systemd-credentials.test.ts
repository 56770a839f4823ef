/** Where credentials are found: what systemd loaded, the two places that root reads, and beside. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { clusterId } from "../src/cluster/id.js";
import { foldersOf, foldersText, locate } from "../src/config/folders.js";
import { loadConfig } from "../src/config/load.js";
import { holdCredentials, readPveToken } from "../src/config/secrets.js";
import { ConfigError } from "../src/config/problems.js";
import { controlSocket } from "../src/control/index.js";
import { createAuthority } from "./emulators/common/tls.js";
import { BASE } from "./config-cases/base.js";
import { configFolder } from "./config-cases/folder.js";

const PACKAGED = "/etc/pve-entra-agent/config.toml";

function folder(t: Parameters<typeof configFolder>[0]): string {
  const dir = mkdtempSync(join(tmpdir(), "pea-credentials-"));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** As systemd lays a credential down: mode 0440, root's. */
function credential(dir: string, name: string, text: string): void {
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
  credential(dir, "cluster_pve-token", "the cluster's\n");
  t.equal(find("pve-token"), `${dir}/cluster_pve-token`);
  credential(dir, "node_sub_file", "in a folder\n");
  t.equal(find("sub/file"), `${dir}/node_sub_file`);
  t.equal(find("/absolute"), "/absolute");
});

t.test("root's shell looks where systemd would have", async (t) => {
  t.strictSame(foldersOf(PACKAGED, {}), {
    config: "/etc/pve-entra-agent",
    places: ["/etc/pve/priv/pve-entra-agent", "/etc/pve-entra-agent/credentials"],
  });
  t.strictSame(foldersOf("/root/other.toml", {}).places, [], "another file's are its own");
  const [cluster, node, config] = [folder(t), folder(t), folder(t)];
  const folders = { places: [cluster, node], config };
  t.equal(locate("a", folders), join(config, "a"));
  writeFileSync(join(node, "a"), "x");
  t.equal(locate("a", folders), join(node, "a"));
  mkdirSync(join(cluster, "sub"));
  writeFileSync(join(cluster, "a"), "x");
  t.equal(locate("a", folders), join(cluster, "a"));
  t.equal(foldersText(folders), `${cluster} or in ${node} or in ${config}`);
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
  }
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

t.test("what root read before it became another user stays readable for this run", async (t) => {
  const dir = folder(t);
  const file = join(dir, "token");
  writeFileSync(file, "the-first\n", { mode: 0o600 });
  const weak = join(dir, "weak");
  writeFileSync(weak, "everybody's\n");
  chmodSync(weak, 0o644);
  holdCredentials([file, weak, undefined, join(dir, "absent")], "secret");
  rmSync(file);
  t.equal(readPveToken(file).reveal(), "the-first");
  t.throws(() => readPveToken(weak), { code: "CONFIG_UNSAFE" }, "nothing is held that is unsafe");
  t.throws(() => readPveToken(join(dir, "absent")), { code: "CREDENTIAL_INVALID" });
});

t.test("the service and root's shell mean the same control socket", async (t) => {
  const own = "/var/lib/pve-entra-agent";
  const systemd = { RUNTIME_DIRECTORY: "/run/pve-entra-agent" };
  t.equal(controlSocket(own, systemd), "/run/pve-entra-agent/control.sock");
  t.equal(controlSocket(own, {}), "/run/pve-entra-agent/control.sock");
  t.equal(controlSocket("/srv/state", systemd), "/srv/state/control.sock");
  t.equal(controlSocket("/srv/state", {}), "/srv/state/control.sock");
});
