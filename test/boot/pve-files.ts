/** What the cluster file system holds on a real node: secrets that are none of the service's business. */
import type { Node } from "./node.js";
import type { OutsideFacts } from "./outside.js";

/** Files that only root, or root and www-data, may read; the service may read none. */
export const FORBIDDEN_FILES: readonly string[] = [
  "/etc/pve/domains.cfg",
  "/etc/pve/user.cfg",
  "/etc/pve/priv/shadow.cfg",
  "/etc/pve/priv/token.cfg",
  "/etc/pve/priv/authkey.key",
  "/etc/pve/priv/pve-root-ca.key",
  "/etc/pve/priv/pve-entra-agent/pve-token",
  "/etc/pve/nodes/pve1/pve-ssl.key",
  "/etc/pve-entra-agent/credentials/pve-token",
  "/etc/shadow",
];

/** As pmxcfs shows itself: root:www-data, 0640, and 0600 below priv. */
export async function furnishEtcPve(node: Node, { pveCaPem }: OutsideFacts): Promise<void> {
  const inside = FORBIDDEN_FILES.filter(
    (path) => path.startsWith("/etc/pve/") && !path.includes("pve-entra-agent"),
  );
  for (const path of inside) node.write(path, "nothing that the service may read\n");
  node.write("/etc/pve/pve-root-ca.pem", pveCaPem);
  await node.must(
    "sh",
    "-ec",
    `chown -R root:www-data /etc/pve
    find /etc/pve -type d -exec chmod 0755 {} +
    find /etc/pve -type f -exec chmod 0640 {} +
    chmod 0700 /etc/pve/priv
    chmod 0600 /etc/pve/priv/*`,
  );
}

/** CAs that this machine's administrator trusts beside the public ones. */
export async function trust(node: Node, authorities: Record<string, string>): Promise<void> {
  for (const [name, pem] of Object.entries(authorities)) {
    node.write(`/usr/local/share/ca-certificates/${name}.crt`, pem);
  }
  await node.must("update-ca-certificates");
}
