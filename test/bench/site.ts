/** The agent's own side of a world: a folder with its configuration, credentials and state. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorldFacts } from "./world.js";

export interface SiteFolder {
  readonly configFile: string;
  readonly stateDir: string;
  remove(): void;
}

export function makeSite(facts: WorldFacts): SiteFolder {
  const dir = temporaryFolder("pve-entra-bench-site-");
  const write = (name: string, text: string): void =>
    writeFileSync(join(dir, name), text, { mode: 0o600 });
  const stateDir = join(dir, "state");
  write("ca.pem", facts.caPem);
  write("pve-token", facts.pveToken.value);
  write("agent-secret", facts.agentApp.secret);
  write("config.toml", configText(facts, stateDir));
  return {
    configFile: join(dir, "config.toml"),
    stateDir,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** A new folder. It goes with the process at the latest, also where a signal ends that. */
export function temporaryFolder(prefix: string): string {
  const dir = mkdtempSync(join(realpathSync(tmpdir()), prefix));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The schedule never comes due: only ordered passes are measured. */
function configText(facts: WorldFacts, stateDir: string): string {
  const mappings = facts.groups.map(
    (id, n) => `[[realm.group]]
entra = "${id}"
name = "team-${n}"
acl = [ { path = "/pool/team-${n}", role = "PVEVMUser" } ]
`,
  );
  return `[pve]
url = "${facts.pveUrl}"
ca_file = "ca.pem"
token_id = "${facts.pveToken.id}"
token_file = "pve-token"

[entra]
tenant_id = "${facts.tenantId}"
client_id = "${facts.agentApp.appId}"
client_secret_file = "agent-secret"
authority = "${facts.entraUrl}"
graph = "${facts.entraUrl}"
ca_file = "ca.pem"

[schedule]
cron = "0 0 29 2 *"

[health]
listen = "127.0.0.1:0"

[state]
dir = "${stateDir}"

[[realm]]
name = "entra"
client_id = "${facts.ssoApp.appId}"

${mappings.join("\n")}`;
}
