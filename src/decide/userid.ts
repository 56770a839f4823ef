/**
 * Userids: PVE makes `<value of the realm's username-claim>@<realm>` at sign-in, and the agent must
 * compute the very same from Graph, or refuse (FACTS-entra, "Claims").
 */
import type { Person, Question, UserId } from "./facts.js";
import { objectIdOf } from "./mark.js";

/** How one value of PVE's `username-claim` is computed from Graph. */
export interface Claim {
  /** The realm's `username-claim`. */
  readonly name: string;
  /** The property of Graph's user that holds the same value. */
  readonly property: "id" | "userPrincipalName" | "mail";
  /** Guests sign in with the same value that Graph shows. Elsewhere they are skipped. */
  readonly guests: boolean;
  /** Unverified or changeable by the person: only where the realm says `email_claim = true`. */
  readonly needsEmailClaim: boolean;
}

/** PVE's own limits of a userid with its realm (FACTS-pve), in characters. */
export const USERID_MIN = 3;
export const USERID_MAX = 64;

// `username` is PVE's older name for `preferred_username`. `subject`, `sub` and PVE's default are
// not in here: Entra's subject is pairwise per app and Graph does not know it.
const CLAIMS: readonly Claim[] = [
  { name: "oid", property: "id", guests: true, needsEmailClaim: false },
  { name: "upn", property: "userPrincipalName", guests: true, needsEmailClaim: false },
  { name: "username", property: "userPrincipalName", guests: false, needsEmailClaim: true },
  {
    name: "preferred_username",
    property: "userPrincipalName",
    guests: false,
    needsEmailClaim: true,
  },
  { name: "email", property: "mail", guests: false, needsEmailClaim: true },
];

/** How a realm's `username-claim` is computed, or undefined where it cannot be. */
export function claimOf(usernameClaim: string | undefined): Claim | undefined {
  return CLAIMS.find((claim) => claim.name === usernameClaim);
}

/** The userid that a person gets in a realm, or one sentence that says why they get none. */
export function useridOf(
  person: Person,
  claim: Claim,
  realm: string,
): { readonly ok: true; readonly userid: UserId } | { readonly ok: false; readonly why: string } {
  if (person.guest && !claim.guests) {
    return refused(`guests cannot be told by username-claim ${claim.name}: it needs oid or upn`);
  }
  const value = person[claim.property];
  if (value === null || value === "") return refused(`no ${claim.property} in Entra`);
  const odd = oddCharacter(value);
  if (odd !== undefined) return refused(`${odd} in ${claim.property} "${value}"`);
  const userid = `${value}@${realm}`;
  if (userid.length > USERID_MAX) {
    return refused(`"${userid}" has ${userid.length} characters, PVE allows ${USERID_MAX}`);
  }
  if (userid.length < USERID_MIN) return refused(`"${userid}" is too short for PVE`);
  return { ok: true, userid: userid as UserId };
}

/**
 * What PVE or its paths would take for something else, in words; undefined: harmless. A comma or
 * semicolon in a group's list makes *another* user its member; non-ASCII makes a user that no path
 * reaches; white space, `:` and `/` are refused by PVE (FACTS-pve).
 */
export function oddCharacter(value: string): string | undefined {
  if (/\s/.test(value)) return "white space";
  if (/[\x00-\x1f\x7f]/.test(value)) return "a control character";
  const mark = /[:/,;]/.exec(value)?.[0];
  if (mark !== undefined) return `"${mark}"`;
  return /[^\x20-\x7e]/.test(value) ? "a character beyond ASCII" : undefined;
}

/**
 * Those userids that more than one person has, exact or equal but for case: PVE tells `Anna@` and
 * `anna@` apart, Entra does not. Give it one entry a person.
 */
export function collisions(userids: Iterable<UserId>): Set<UserId> {
  const byFold = new Map<string, UserId[]>();
  for (const userid of userids) {
    const fold = userid.toLowerCase();
    byFold.set(fold, [...(byFold.get(fold) ?? []), userid]);
  }
  return new Set([...byFold.values()].filter((same) => same.length > 1).flat());
}

/** The realm of a userid: what stands behind its last `@`. */
export function realmOf(userid: UserId): string {
  return userid.slice(userid.lastIndexOf("@") + 1);
}

/** What stands before `@<realm>`; undefined where the user is of another realm. */
export function claimValueOf(userid: UserId, realm: string): string | undefined {
  const end = `@${realm}`;
  return userid.endsWith(end) && userid.length > end.length
    ? userid.slice(0, -end.length)
    : undefined;
}

/** Whom to ask Entra for, given only a userid; undefined where Entra cannot know such a value. */
export function whoIs(userid: UserId, realm: string, claim: Claim): Question["who"] | undefined {
  const value = claimValueOf(userid, realm);
  if (value === undefined) return undefined;
  if (claim.property !== "id") return { by: claim.property, value };
  const id = objectIdOf(value);
  return id === undefined ? undefined : { by: "id", id };
}

function refused(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}
