/** The fields of a PVE user that come from Entra: first name, last name, email. */
import type { Person, PveUser } from "./facts.js";
import type { UserFields } from "./plan.js";

/** PVE's own limits (recordings, "limits"). */
const NAME_MAX = 1024;
const EMAIL_MAX = 254;
// What PVE's format `email-opt` lets through; it refuses `'` and `#` among others (FACTS-pve).
const EMAIL = /^[\p{L}\p{N}_+~-]+(\.[\p{L}\p{N}_+~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/u;

/**
 * Only what differs from PVE's user, and only what PVE takes. What Entra does not have stays as
 * it is in PVE: an empty property there is no order to forget a name here.
 */
export function nameFields(person: Person, user: PveUser | undefined): UserFields {
  const firstname = nameOf(person.givenName);
  const lastname = nameOf(person.surname);
  const email = emailOf(person.mail);
  return {
    ...(firstname !== undefined && firstname !== (user?.firstname ?? "") ? { firstname } : {}),
    ...(lastname !== undefined && lastname !== (user?.lastname ?? "") ? { lastname } : {}),
    ...(email !== undefined && email !== (user?.email ?? "") ? { email } : {}),
  };
}

function nameOf(value: string | null): string | undefined {
  if (value === null) return undefined;
  // Control characters would end up in terminals and in user.cfg's lines.
  const clean = value.replace(/\p{C}/gu, "").trim();
  return clean === "" || [...clean].length > NAME_MAX ? undefined : clean;
}

function emailOf(value: string | null): string | undefined {
  if (value === null || value.length > EMAIL_MAX || !EMAIL.test(value)) return undefined;
  return value;
}
