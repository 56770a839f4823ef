/** Both emulators, and on disk all that the agent needs to work with them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmulatorClock } from "../emulators/common/clock.js";
import { createAuthority } from "../emulators/common/tls.js";
import { appCertificate } from "../emulators/entra/certificates.js";
import { startEntra } from "../emulators/entra/index.js";
import type { AppIds, EntraEmulator, EntraOptions } from "../emulators/entra/index.js";
import { AGENT_TOKEN, buildDomainsCfg, buildUserCfg, startPve } from "../emulators/pve/index.js";
import type { PveEmulator } from "../emulators/pve/index.js";

const TOKEN = "emulated-token-value-of-the-agent";
const DAY = 86_400_000;

export interface Stage {
  readonly entra: EntraEmulator;
  readonly pve: PveEmulator;
  /** The app that people sign in to, and the one that the agent signs in as. */
  readonly sso: AppIds;
  readonly agentApp: AppIds;
  /** A temporary folder with the configuration, credentials, state and log. */
  readonly dir: string;
  readonly configFile: string;
  /** Writes `config.toml`. */
  configure(realm: string): void;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly clock: EmulatorClock;
  readonly realm: string;
  /** Of the first client secret, which somebody made by hand half a year before its end. */
  readonly secretDays: number;
  /** More lines of user.cfg. */
  readonly users?: readonly string[];
  readonly entra?: EntraOptions;
}

/**
 * The agent signs in with a certificate; MSAL dates its assertion by the machine's clock, so that
 * the emulated Entra judges it by that, too.
 */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { clock } = options;
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((closer) => closer()));
  };
  try {
    const authority = await createAuthority("Emulated site CA");
    const entra = await startEntra({
      clock,
      authority,
      assertionNow: Date.now,
      validate: false,
      ...options.entra,
    });
    closers.push(() => entra.close());
    const certificate = await appCertificate();
    const { agentApp, sso, key } = apps(entra, certificate.certificatePem, options);
    const pve = await startPve({
      clock,
      authority,
      tokenSecrets: { [AGENT_TOKEN]: TOKEN },
      userCfg: buildUserCfg({
        realms: [options.realm],
        aclPaths: ["/"],
        extra: [...(options.users ?? [])],
      }),
      domainsCfg: buildDomainsCfg({
        name: options.realm,
        issuerUrl: entra.issuer,
        clientId: sso.appId,
        clientKey: key,
        usernameClaim: "upn",
      }),
    });
    closers.push(() => pve.close());
    entra.world.settled(() => entra.world.editApp(sso.id, { redirectUris: [pve.url] }));
    const dir = mkdtempSync(join(tmpdir(), "pve-entra-demo-"));
    closers.push(async () => rmSync(dir, { recursive: true, force: true }));
    const write = (name: string, text: string): void =>
      writeFileSync(join(dir, name), text, { mode: 0o600 });
    write("ca.pem", authority.caPem);
    write("pve-token", TOKEN);
    write("agent.pem", `${certificate.certificatePem}\n${certificate.privateKeyPem}`);
    const configFile = join(dir, "config.toml");
    const common = commonSections(entra, pve, agentApp, dir);
    const configure = (realm: string): void =>
      write(
        "config.toml",
        `${common}\n[[realm]]\nname = "${options.realm}"\nclient_id = "${sso.appId}"\n${realm}`,
      );
    return { entra, pve, sso, agentApp, dir, configFile, configure, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Both app registrations, and the value of the secret that the realm begins with. */
function apps(
  { world }: EntraEmulator,
  certificate: string,
  { clock, secretDays }: StageOptions,
): { agentApp: AppIds; sso: AppIds; key: string } {
  return world.settled(() => {
    const agentApp = world.addApp({
      displayName: "pve-entra-agent",
      roles: ["GroupMember.Read.All", "User.Read.All", "Application.ReadWrite.OwnedBy"],
      owners: ["self"],
      certificate,
    });
    const sso = world.addApp({
      displayName: "Proxmox VE",
      owners: [agentApp.appId],
      idTokenClaims: [
        { name: "upn", additionalProperties: ["include_externally_authenticated_upn"] },
        "given_name",
        "family_name",
        "email",
      ],
    });
    const end = clock.now() + secretDays * DAY;
    const displayName = "made by hand in the portal";
    const { secretText } = world.addSecret(sso.id, { start: end - 180 * DAY, end, displayName });
    return { agentApp, sso, key: secretText };
  });
}

function commonSections(
  entra: EntraEmulator,
  pve: PveEmulator,
  agentApp: AppIds,
  dir: string,
): string {
  return `[pve]
url = "${pve.url}"
ca_file = "ca.pem"
token_id = "${AGENT_TOKEN}"
token_file = "pve-token"

[entra]
tenant_id = "${entra.tenantId}"
client_id = "${agentApp.appId}"
certificate_file = "agent.pem"
authority = "${entra.loginUrl}"
graph = "${entra.graphUrl}"
ca_file = "ca.pem"

[health]
listen = "127.0.0.1:0"

[state]
dir = "${join(dir, "state")}"
`;
}
