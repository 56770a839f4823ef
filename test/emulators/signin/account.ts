import { isUserid } from "../pve/names.js";
import { parseUserCfg, type UserCfg } from "../pve/oracle.js";
import type { PveEmulator } from "../pve/index.js";
import { encodeUtf8 } from "../pve/perl.js";
import { type Claims, Refused } from "./oidc.js";
import type { OpenIdRealm } from "./realm.js";

/** What PVE's login makes of the claims: a userid, an account, its groups. */

/** The part of the PVE emulator that a login needs. */
export type LoginPve = Pick<PveEmulator, "url" | "userCfg" | "domainsCfg" | "world" | "clock">;

let last: { text: string; cfg: UserCfg } | undefined;

/** user.cfg, read anew only when it changed: a thousand logins look at the same file. */
export function readUsers(pve: Pick<PveEmulator, "userCfg">): UserCfg {
  const text = pve.userCfg();
  if (last?.text !== text) last = { text, cfg: parseUserCfg(encodeUtf8(text)) };
  return last.cfg;
}

function textClaim(claims: Claims, name: string): string | undefined {
  const value = claims[name];
  return typeof value === "string" ? value : undefined;
}

/** The value that names the user (PVE's API2/OpenId: the claim itself first, then two old spellings). */
function uniqueName(realm: OpenIdRealm, claims: Claims): string {
  const { usernameClaim } = realm;
  const old: Record<string, string> = { subject: "sub", username: "preferred_username" };
  const value =
    textClaim(claims, usernameClaim) ?? textClaim(claims, old[usernameClaim] ?? usernameClaim);
  if (value === undefined) throw new Refused(`missing configured claim '${usernameClaim}'`);
  return value;
}

/** The userid of the claims; refuses one that PVE's naming rules forbid. */
export function useridOf(realm: OpenIdRealm, claims: Claims): string {
  const userid = `${uniqueName(realm, claims)}@${realm.name}`;
  if (!isUserid(userid, "text")) {
    throw new Refused(`value '${userid}' does not look like a valid user name`);
  }
  return encodeUtf8(userid);
}

function fieldsFrom(claims: Claims): { email?: string; firstname?: string; lastname?: string } {
  const email = textClaim(claims, "email");
  const firstname = textClaim(claims, "given_name");
  const lastname = textClaim(claims, "family_name");
  return {
    ...(email !== undefined && { email }),
    ...(firstname !== undefined && { firstname }),
    ...(lastname !== undefined && { lastname }),
  };
}

/** The account must exist (or is made, with `autocreate`), be enabled and not past its end. */
export function admit(pve: LoginPve, realm: OpenIdRealm, userid: string, claims: Claims): void {
  const user = readUsers(pve).users.get(userid);
  if (!user) {
    if (!realm.autocreate) throw new Refused(`no such user ('${userid}')`);
    return pve.world.createUser(userid, { enable: true, ...fieldsFrom(claims) });
  }
  if (!user.enable) throw new Refused(`user '${userid}' is disabled`);
  const now = Math.floor(pve.clock.now() / 1000);
  if (user.expire !== 0 && user.expire < now) throw new Refused(`user '${userid}' is expired`);
}

/**
 * PVE's own groups-claim: names groups `<value>-<realm>`, appends, makes them with
 * `groups-autocreate`, and with `groups-overwrite` drops all groups of the user first.
 */
export function followGroupsClaim(
  pve: LoginPve,
  realm: OpenIdRealm,
  userid: string,
  claims: Claims,
): void {
  if (realm.groupsClaim === undefined) return;
  const values = claims[realm.groupsClaim];
  if (!Array.isArray(values)) return;
  const cfg = readUsers(pve);
  const held = [...cfg.groups].filter(([, group]) => group.users.has(userid)).map(([name]) => name);
  if (realm.groupsOverwrite) held.forEach((group) => pve.world.removeFromGroup(userid, group));
  for (const value of values) {
    const group = `${String(value)}-${realm.name}`;
    const exists = readUsers(pve).groups.has(group);
    if (!exists && !realm.groupsAutocreate) continue;
    if (!exists) pve.world.createGroup(group);
    pve.world.addToGroup(userid, group);
  }
}
