/**
 * A small configuration with nothing wrong in it. The wrong ones are made of it by replacing or
 * adding lines, so their line numbers are those of this text.
 */
export const BASE = `[pve]
url = "https://127.0.0.1:8006"
ca_file = "pve-root-ca.pem"
token_id = "entra-agent@pve!agent"
token_file = "pve-token"
[entra]
tenant_id = "00000000-0000-4000-8000-000000000001"
client_id = "00000000-0000-4000-8000-000000000002"
certificate_file = "agent.pem"
[rotation]
lifetime = "180d"
[health]
listen = "127.0.0.1:9646"
[state]
dir = "/nowhere/pve-entra-agent"
[[realm]]
name = "entra"
client_id = "00000000-0000-4000-8000-000000000003"
rotate = true
[[realm.group]]
entra = "00000000-0000-4000-8000-000000000004"
name = "pve-admins"
acl = [ { path = "/", role = "Administrator" } ]
`;

/** The base with each first text replaced by the second; the first has to be there. */
export function changed(changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((text, [from, to]) => {
    if (from === "END") return `${text}${to}`;
    if (!text.includes(from)) throw new Error(`the base has no ${from}`);
    return text.replace(from, () => to);
  }, BASE);
}
