/** A whole site for tests: Entra, PVE, a configuration, and the program in between. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { createAgent } from "../../src/agent.js";
import type { Agent } from "../../src/agent.js";
import type { Clock } from "../../src/clock.js";
import { loadConfig } from "../../src/config/load.js";
import type { Config } from "../../src/config/types.js";
import type { Plan } from "../../src/decide/plan.js";
import { openJournal } from "../../src/journal/index.js";
import type { Journal } from "../../src/journal/index.js";
import { createLog } from "../../src/log.js";
import type { PassReport } from "../../src/pass/pass.js";
import type { EmulatorClock } from "../emulators/common/clock.js";
import { createAuthority } from "../emulators/common/tls.js";
import { startEntra } from "../emulators/entra/index.js";
import type { EntraEmulator, EntraOptions } from "../emulators/entra/index.js";
import {
  AGENT_TOKEN,
  buildDomainsCfg,
  buildUserCfg,
  effectivePrivileges,
  startPve,
} from "../emulators/pve/index.js";
import type { PveEmulator } from "../emulators/pve/index.js";
import { machineOf, NODE } from "./machine.js";
import { standingClock } from "./world-clock.js";

const TOKEN = "emulated-token-value-of-the-agent";

export interface SiteOptions {
  readonly clock?: Clock & EmulatorClock;
  readonly entra?: EntraOptions;
  /** Paths where the token may change the ACL. */
  readonly aclPaths?: readonly string[];
  /** More lines of user.cfg. */
  readonly users?: readonly string[];
  readonly usernameClaim?: string;
  readonly realmProperties?: Record<string, string | number | null>;
  /** Application roles of the agent app. */
  readonly roles?: Parameters<EntraEmulator["world"]["addApp"]>[0]["roles"];
  readonly nodes?: readonly string[];
  /** Days that the realm's first secret has. */
  readonly secretDays?: number;
}

/** TOML of the parts that tests vary; the rest of the file is the site's. */
export interface ConfigParts {
  /** `[[realm.group]]` sections, as TOML. */
  readonly groups?: string;
  /** Further keys of `[[realm]]`. */
  readonly realm?: string;
  /** Other top-level sections. */
  readonly sections?: string;
}

export interface Site {
  readonly clock: Clock & EmulatorClock;
  readonly entra: EntraEmulator;
  readonly pve: PveEmulator;
  readonly dir: string;
  readonly configFile: string;
  readonly sso: ReturnType<EntraEmulator["world"]["addApp"]>;
  readonly agentApp: ReturnType<EntraEmulator["world"]["addApp"]>;
  readonly logLines: string[];
  journal: Journal;
  configure(parts: ConfigParts): Config;
  /** One pass with a fresh agent, as `sync` without a daemon does it. */
  pass(parts?: ConfigParts): Promise<PassReport & { readonly plan: Plan }>;
  plan(parts?: ConfigParts): Promise<PassReport & { readonly plan: Plan }>;
  rotate(parts?: ConfigParts): Promise<PassReport>;
  agent(parts?: ConfigParts): Agent;
  /** Throws the journal away, as a disk would. */
  loseJournal(): void;
  /** The user's line in PVE, or undefined. */
  user(userid: string): PveUserView | undefined;
  rights(userid: string, path: string): string[];
  addUser(name: string, more?: Partial<Parameters<EntraEmulator["world"]["addUser"]>[0]>): string;
  group(name: string, members: readonly string[]): string;
}

export interface PveUserView {
  readonly enable: boolean;
  readonly comment: string;
  readonly groups: readonly string[];
  readonly email: string;
  readonly firstname: string;
  readonly lastname: string;
}

export const DOMAIN = "contoso.example";
export const never = new AbortController().signal;

export async function startSite(t: Test, options: SiteOptions = {}): Promise<Site> {
  const clock = options.clock ?? standingClock();
  const authority = await createAuthority("Emulated site CA");
  const entra = await startEntra({
    clock,
    authority,
    lag: { min: 0, max: 0 },
    assertionNow: Date.now,
    ...options.entra,
  });
  const { world } = entra;
  const agentApp = world.addApp({
    displayName: "pve-entra-agent",
    roles: options.roles ?? [
      "GroupMember.Read.All",
      "User.Read.All",
      "Application.ReadWrite.OwnedBy",
    ],
    owners: ["self"],
  });
  const sso = world.addApp({
    displayName: "Proxmox VE",
    owners: [agentApp.appId],
    redirectUris: ["https://pve1.contoso.example:8006"],
    idTokenClaims: ["upn"],
  });
  const first = world.addSecret(sso.id, { days: options.secretDays ?? 180 });
  const pve = await startPve({
    clock,
    authority,
    nodes: [...(options.nodes ?? ["pve1"])],
    tokenSecrets: { [AGENT_TOKEN]: TOKEN },
    userCfg: buildUserCfg({
      aclPaths: [...(options.aclPaths ?? ["/vms", "/pool", "/storage"])],
      extra: [...(options.users ?? [])],
    }),
    domainsCfg: buildDomainsCfg({
      issuerUrl: entra.issuer,
      clientId: sso.appId,
      clientKey: first.secretText,
      usernameClaim: options.usernameClaim ?? "upn",
      ...(options.realmProperties === undefined ? {} : { properties: options.realmProperties }),
    }),
  });
  const dir = mkdtempSync(join(tmpdir(), "pve-entra-site-"));
  const write = (name: string, text: string): void =>
    writeFileSync(join(dir, name), text, { mode: 0o600 });
  write("ca.pem", entra.caPem);
  write("pve-token", TOKEN);
  write("agent-secret", world.addSecret(agentApp.id).secretText);
  const logLines: string[] = [];
  const log = createLog({
    level: "debug",
    format: "json",
    clock,
    write: (line) => void logLines.push(line),
  });
  const stateDir = join(dir, "state");
  const open = (): Journal => openJournal({ dir: stateDir, clock, log, ...NODE });
  const agents: Agent[] = [];
  const site: Site = {
    clock,
    entra,
    pve,
    dir,
    configFile: join(dir, "config.toml"),
    sso,
    agentApp,
    logLines,
    journal: open(),
    configure: (parts) => {
      write("config.toml", configText(site, parts));
      return loadConfig(site.configFile, { env: {} });
    },
    agent: (parts = {}) => {
      const agent = createAgent(site.configure(parts), site.journal, machineOf(clock, { log }));
      agents.push(agent);
      return agent;
    },
    pass: (parts) => run(site, parts, { dry: false, secretsOnly: false, rotate: [] }),
    plan: (parts) => run(site, parts, { dry: true, secretsOnly: false, rotate: [] }),
    rotate: (parts) => run(site, parts, { dry: false, secretsOnly: true, rotate: ["entra"] }),
    loseJournal: () => {
      site.journal.close();
      rmSync(stateDir, { recursive: true });
      site.journal = open();
    },
    user: (userid) => viewUser(pve, userid),
    rights: (userid, path) => [...effectivePrivileges(pve.userCfg(), userid, path)].sort(),
    addUser: (name, more = {}) =>
      world.addUser({ upn: `${name}@${DOMAIN}`, displayName: name, ...more }).id,
    group: (name, members) => {
      const { id } = world.addGroup({ displayName: name });
      for (const member of members) world.join(id, member);
      return id;
    },
  };
  t.teardown(async () => {
    for (const agent of agents) await agent.close({ abort: true });
    site.journal.close();
    await Promise.all([entra.close(), pve.close()]);
    const leaks = leaksIn(site, [...logLines, ...filesBelow(stateDir)]);
    rmSync(dir, { recursive: true, force: true });
    if (leaks.length > 0) throw new Error(`secrets in log or journal: ${leaks.join(", ")}`);
  });
  return site;
}

/** Every secret of the site: of the SSO app, the agent app, and the API token. */
export function secretsOf(site: Pick<Site, "entra">): readonly string[] {
  return [...site.entra.world.secretTexts(), TOKEN];
}

/** Which secrets (by their hint) occur in any of the texts: P10 holds in every test of a site. */
export function leaksIn(site: Pick<Site, "entra">, texts: readonly string[]): readonly string[] {
  const all = texts.join("\n");
  return secretsOf(site)
    .filter((secret) => all.includes(secret) || all.includes(encodeURIComponent(secret)))
    .map((secret) => `${secret.slice(0, 3)}…`);
}

/** The bytes of every file, one character a byte. */
export function filesBelow(dir: string): readonly string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
}

/** A mapping as TOML. */
export function mapping(name: string, entra: string | readonly string[], more = ""): string {
  const ids = typeof entra === "string" ? `"${entra}"` : JSON.stringify(entra);
  return `[[realm.group]]\nname = "${name}"\nentra = ${ids}\n${more}\n`;
}

async function run(
  site: Site,
  parts: ConfigParts | undefined,
  how: { dry: boolean; secretsOnly: boolean; rotate: readonly string[] },
): Promise<PassReport & { readonly plan: Plan }> {
  const agent = site.agent(parts);
  const report = await agent.pass(
    {
      trigger: "test",
      realms: agent.config.realms,
      rotate: new Set(how.rotate),
      dry: how.dry,
      secretsOnly: how.secretsOnly,
    },
    {},
    never,
  );
  await Promise.all(report.rotations);
  await agent.close({ abort: true });
  return report as PassReport & { readonly plan: Plan };
}

function configText({ entra, pve, dir, sso, agentApp }: Site, parts: ConfigParts): string {
  return `[pve]
url = "${pve.url}"
ca_file = "ca.pem"
token_id = "${AGENT_TOKEN}"
token_file = "pve-token"

[entra]
tenant_id = "${entra.tenantId}"
client_id = "${agentApp.appId}"
client_secret_file = "agent-secret"
authority = "${entra.loginUrl}"
graph = "${entra.graphUrl}"
ca_file = "ca.pem"

[health]
listen = "127.0.0.1:0"

[state]
dir = "${join(dir, "state")}"

${parts.sections ?? ""}

[[realm]]
name = "entra"
client_id = "${sso.appId}"
${parts.realm ?? ""}

${parts.groups ?? ""}
`;
}

function viewUser(pve: PveEmulator, userid: string): PveUserView | undefined {
  const lines = pve.userCfg().split("\n");
  const fields = lines.find((line) => line.startsWith(`user:${userid}:`))?.split(":");
  if (fields === undefined) return undefined;
  const text = (value: string | undefined): string => decodeURIComponent(value ?? "");
  const groups = lines
    .filter((line) => line.startsWith("group:"))
    .map((line) => line.split(":"))
    .filter(([, , members]) => members?.split(",").includes(userid) === true)
    .map(([, name]) => name ?? "");
  return {
    enable: fields[2] === "1",
    firstname: text(fields[4]),
    lastname: text(fields[5]),
    email: text(fields[6]),
    comment: text(fields[7]),
    groups,
  };
}
