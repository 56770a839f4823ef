/** The configuration and the credentials, as an administrator puts them on the node. */
import type { Node } from "./node.js";
import type { OutsideFacts } from "./outside.js";

export const CONFIG_FILE = "/etc/pve-entra-agent/config.toml";
/** Where one copy serves the whole cluster, and where it serves this node alone. */
export const CREDENTIAL_PLACES = {
  cluster: "/etc/pve/priv/pve-entra-agent",
  node: "/etc/pve-entra-agent/credentials",
} as const;

export interface ConfigParts {
  /** Further keys of `[pve]`. */
  readonly pve?: string;
  /** Other sections. */
  readonly sections?: string;
}

export function configText(facts: OutsideFacts, parts: ConfigParts = {}): string {
  return `# Edited by hand: an upgrade leaves this line alone.
[pve]
url = "${facts.pveUrl}"
ca_file = "pve-root-ca.pem"
token_id = "${facts.tokenId}"
token_file = "pve-token"
${parts.pve ?? ""}

[entra]
tenant_id = "${facts.tenantId}"
client_id = "${facts.agentAppId}"
certificate_file = "agent.pem"
authority = "${facts.entraUrl}"
graph = "${facts.entraUrl}"

[schedule]
cron = "* * * * *"
jitter = "0s"

${parts.sections ?? ""}

[[realm]]
name = "entra"
client_id = "${facts.ssoAppId}"
rotate = true

[[realm.group]]
name = "pve-operators"
entra = "${facts.groups.operators}"
acl = [ { path = "/vms", role = "PVEVMUser" } ]

[[realm.group]]
name = "pve-pool-admins"
entra = "${facts.groups.admins}"
acl = [ { path = "/pool", role = "PVEPoolAdmin" } ]
max_members = 20
`;
}

export function configure(node: Node, facts: OutsideFacts, parts?: ConfigParts): void {
  // Written over, not made anew: mode and owner are the package's.
  node.write(CONFIG_FILE, configText(facts, parts));
}

export async function placeCredentials(
  node: Node,
  facts: OutsideFacts,
  where: keyof typeof CREDENTIAL_PLACES,
): Promise<void> {
  const folder = CREDENTIAL_PLACES[where];
  await node.must("install", "-d", "-m", "0700", folder);
  node.write(`${folder}/pve-token`, `${facts.tokenSecret}\n`, 0o600);
  node.write(`${folder}/agent.pem`, facts.agentPem, 0o600);
}
