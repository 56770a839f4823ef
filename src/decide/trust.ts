/** The realm is not trusted: whoever may edit it could point it elsewhere. */
import type { RealmConfig } from "../config/types.js";
import type { ErrorCode, Finding } from "../errors.js";
import { isRealm } from "./facts.js";
import type { RealmFacts } from "./facts.js";
import { claimOf } from "./userid.js";

/**
 * What makes this realm unfit for secrets and additions; empty: nothing. Removals go on.
 *
 * @param issuer `<authority>/<tenant_id>/v2.0`
 */
export function distrust(
  realm: RealmConfig,
  issuer: string,
  read: RealmFacts | Finding | undefined,
): readonly Finding[] {
  const finding = (code: ErrorCode, message: string): Finding => ({
    code,
    message,
    realm: realm.name,
  });
  if (read === undefined) return [finding("REALM_MISSING", `realm ${realm.name} was not read`)];
  if (!isRealm(read)) return [{ ...read, realm: realm.name }];
  const found: Finding[] = [];
  if (read.type !== "openid") {
    found.push(finding("REALM_NOT_OPENID", `realm ${realm.name} is of type ${read.type}`));
    return found;
  }
  if (read.clientId.toLowerCase() !== realm.clientId) {
    found.push(
      finding("REALM_CLIENT_ID", `its client-id is ${read.clientId}, not ${realm.clientId}`),
    );
  }
  if (read.issuerUrl !== issuer) {
    found.push(finding("REALM_ISSUER", `its issuer-url is ${read.issuerUrl}, not ${issuer}`));
  }
  return [...found, ...claims(realm, read, finding)];
}

/** Only these bear on secrets; the claims bear on people alone. */
export function distrustsSecrets(findings: readonly Finding[]): boolean {
  return findings.some(
    ({ code }) => code !== "REALM_USERNAME_CLAIM" && code !== "REALM_GROUPS_CLAIM",
  );
}

function claims(
  realm: RealmConfig,
  read: RealmFacts,
  finding: (code: ErrorCode, message: string) => Finding,
): Finding[] {
  const found: Finding[] = [];
  if (realm.groups.length === 0) return found;
  const claim = claimOf(read.usernameClaim);
  if (claim === undefined) {
    const name = read.usernameClaim ?? "not set (PVE then takes subject)";
    found.push(finding("REALM_USERNAME_CLAIM", `its username-claim is ${name}`));
  } else if (claim.needsEmailClaim && !realm.emailClaim) {
    const why = "can be changed by people themselves, and email_claim is not true";
    found.push(finding("REALM_USERNAME_CLAIM", `its username-claim ${claim.name} ${why}`));
  }
  if (read.groupsOverwrite) {
    found.push(finding("REALM_GROUPS_CLAIM", "groups-overwrite drops our groups at each sign-in"));
  }
  if (read.groupsClaim === undefined) return found;
  // PVE names the groups of its own claim `<claim value>-<realm>` (FACTS-pve).
  const reachable = realm.groups.filter(({ name }) => name.endsWith(`-${realm.name}`));
  if (reachable.length > 0) {
    const names = reachable.map(({ name }) => name).join(", ");
    found.push(finding("REALM_GROUPS_CLAIM", `groups-claim could write ${names}`));
  }
  return found;
}
