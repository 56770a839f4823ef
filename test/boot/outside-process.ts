/**
 * Login, Graph and the API of Proxmox VE, in a process of its own, for it lives in the lab's network
 * and the test does not. It goes when whoever started it closes the channel.
 */
import { createClock } from "../emulators/common/clock.js";
import { parseFaults } from "../emulators/common/faults.js";
import { createAuthority } from "../emulators/common/tls.js";
import type { Authority, IssuedCertificate } from "../emulators/common/tls.js";
import { appCertificate } from "../emulators/entra/certificates.js";
import { startEntra } from "../emulators/entra/index.js";
import type { AppIds, EntraEmulator } from "../emulators/entra/index.js";
import { ordersOf } from "../emulators/entra/orders.js";
import { carryOut } from "../emulators/common/control.js";
import { AGENT_TOKEN, buildDomainsCfg, buildUserCfg, startPve } from "../emulators/pve/index.js";
import type { PveEmulator } from "../emulators/pve/index.js";
import { carryOutOrder } from "../emulators/pve/world.js";
import { createSignIn } from "../emulators/signin/index.js";
import type { SignIn } from "../emulators/signin/index.js";
import type { Answered, Asked, Order, OutsideFacts, OutsideOptions } from "./outside-messages.js";

const TOKEN = "emulated-token-value-of-the-agent";
const DAY_MS = 86_400_000;
/** Of the half year that the realm's first secret was made for: few enough for a renewal. */
const DAYS_LEFT = 5;
const ADMINS = 3;

interface Outside {
  readonly entra: EntraEmulator;
  readonly pve: PveEmulator;
  readonly door: SignIn;
  readonly acme: IssuedCertificate;
  readonly facts: OutsideFacts;
}

async function start(options: OutsideOptions): Promise<Outside> {
  const [pveCa, entraCa, acmeCa, own] = await Promise.all([
    createAuthority("Proxmox Virtual Environment"),
    createAuthority("Login CA"),
    createAuthority("ACME CA"),
    appCertificate(),
  ]);
  const { entra, agentApp, sso, key } = await tenant(options, entraCa, own.certificatePem);
  const pve = await startPve({
    authority: pveCa,
    place: { address: options.address, name: options.pveName },
    tokenSecrets: { [AGENT_TOKEN]: TOKEN },
    userCfg: buildUserCfg({ aclPaths: ["/vms", "/pool"] }),
    domainsCfg: buildDomainsCfg({
      issuerUrl: entra.issuer,
      clientId: sso.appId,
      clientKey: key,
      usernameClaim: "upn",
    }),
  });
  const groups = entra.world.settled(() => {
    entra.world.editApp(sso.id, { redirectUris: [pve.url] });
    return populate(entra, options.people);
  });
  const facts: OutsideFacts = {
    pveUrl: pve.url,
    entraUrl: entra.authorityUrl,
    issuer: entra.issuer,
    tenantId: entra.tenantId,
    pveCaPem: pveCa.caPem,
    entraCaPem: entraCa.caPem,
    acmeCaPem: acmeCa.caPem,
    tokenId: AGENT_TOKEN,
    tokenSecret: TOKEN,
    agentAppId: agentApp.appId,
    agentPem: `${own.certificatePem}\n${own.privateKeyPem}\n`,
    ssoAppId: sso.appId,
    groups,
  };
  const acme = await acmeCa.issue({ names: [options.guiName], ips: [] });
  return { entra, pve, door: createSignIn({ pve, entra }), acme, facts };
}

/** The tenant with both app registrations, and the secret that the realm begins with. */
async function tenant(
  { address }: OutsideOptions,
  authority: Authority,
  certificate: string,
): Promise<{ entra: EntraEmulator; agentApp: AppIds; sso: AppIds; key: string }> {
  const clock = createClock();
  const place = { address, name: address };
  const entra = await startEntra({
    ...{ clock, authority, place, validate: false },
    lag: { min: 0, max: 0 },
  });
  return entra.world.settled(() => {
    const agentApp = entra.world.addApp({
      displayName: "pve-entra-agent",
      roles: ["GroupMember.Read.All", "User.Read.All", "Application.ReadWrite.OwnedBy"],
      owners: ["self"],
      certificate,
    });
    const sso = entra.world.addApp({
      displayName: "Proxmox VE",
      owners: [agentApp.appId],
      idTokenClaims: ["upn"],
    });
    const end = clock.now() + DAYS_LEFT * DAY_MS;
    const { secretText } = entra.world.addSecret(sso.id, {
      ...{ start: end - 180 * DAY_MS, end },
      displayName: "made by hand in the portal",
    });
    return { entra, agentApp, sso, key: secretText };
  });
}

function populate({ world }: EntraEmulator, people: number): OutsideFacts["groups"] {
  const everybody = Array.from({ length: people }, (_, n) => {
    const upn = `person${String(n).padStart(3, "0")}@contoso.example`;
    return world.addUser({ upn, displayName: `Person ${n}`, givenName: "Person" }).id;
  });
  const group = (displayName: string, members: string[]): string =>
    world.addGroup({ displayName, members }).id;
  return {
    operators: group("PVE Operators", everybody),
    admins: group("PVE Administrators", everybody.slice(0, ADMINS)),
  };
}

let outside: Promise<Outside> | undefined;

async function carry(asked: Order): Promise<unknown> {
  if (asked.kind === "start") {
    outside = start(asked.options);
    return (await outside).facts;
  }
  if (outside === undefined) throw new Error("the outside world was not started");
  const { entra, pve, door, acme } = await outside;
  switch (asked.kind) {
    case "entra":
      return carryOut(ordersOf(entra.world), asked.order);
    case "pve":
      return carryOutOrder(pve.world, asked.order);
    case "files":
      return { userCfg: pve.userCfg(), domainsCfg: pve.domainsCfg() };
    case "certificate":
      return pve.showCertificate(asked.shown === "acme" ? acme : undefined);
    case "signIn":
      return (await door.signIn(asked.upn)).in;
    case "fault":
      parseFaults(asked.fault).forEach((fault) => ({ entra, pve })[asked.of].faults.add(fault));
      return undefined;
    case "noFaults":
      return { entra, pve }[asked.of].faults.clear();
    case "faultsLeft":
      return { entra, pve }[asked.of].faults.pending().length;
    case "secretTexts":
      return [...entra.world.secretTexts(), TOKEN];
  }
}

process.on("message", ({ id, ...asked }: Asked) => {
  const answer = (said: Answered): void => void process.send?.(said);
  carry(asked).then(
    (value) => answer({ id, value }),
    (thrown: unknown) => answer({ id, failed: String(thrown) }),
  );
});
process.on("disconnect", () => process.exit(0));
