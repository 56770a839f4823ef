import type { ObjectId, Person } from "../decide/facts.js";
import { AgentError } from "../errors.js";
import { toObjectId } from "./object-id.js";

export type Fields = Readonly<Record<string, unknown>>;

/** What is read of every user. */
export const PERSON_FIELDS =
  "id,userPrincipalName,mail,givenName,surname,displayName,accountEnabled,userType";

/** The value as an object, or ENTRA_BAD_ANSWER. */
export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new AgentError("ENTRA_BAD_ANSWER", `${what} is no object`);
}

export function objectIdIn(fields: Fields, what: string): ObjectId {
  const id = toObjectId(fields.id);
  if (id === undefined) throw new AgentError("ENTRA_BAD_ANSWER", `${what} has no object id`);
  return id;
}

/** A text that must be there. */
export function textIn(fields: Fields, name: string, what: string): string {
  const value = fields[name];
  if (typeof value === "string" && value !== "") return value;
  throw new AgentError("ENTRA_BAD_ANSWER", `${what} has no ${name}`);
}

/** A text that may be null or left out. */
export function optionalTextIn(fields: Fields, name: string, what: string): string | null {
  const value = fields[name] ?? null;
  if (value === null || typeof value === "string") return value;
  throw new AgentError("ENTRA_BAD_ANSWER", `${what} has a ${name} that is no text`);
}

/** Milliseconds since 1970 of a date that Graph wrote (UTC, seven fraction digits). */
export function timeIn(fields: Fields, name: string, what: string): number | undefined {
  const text = optionalTextIn(fields, name, what);
  if (text === null) return undefined;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new AgentError("ENTRA_BAD_ANSWER", `${what} has a ${name} that is no date`);
}

/**
 * A user as Graph gave it. Without User.Read.All everything but `id` is null *with status 200*
 * (FACTS-entra): that is ENTRA_PROPERTIES_NULL, never "disabled". Wrong types: ENTRA_BAD_ANSWER.
 */
export function personOf(fields: Fields): Person {
  const id = objectIdIn(fields, "a user");
  const what = `user ${id}`;
  for (const name of ["userPrincipalName", "accountEnabled"]) {
    if (fields[name] === null || fields[name] === undefined) {
      throw new AgentError("ENTRA_PROPERTIES_NULL", `${what} came without ${name}`);
    }
  }
  if (typeof fields.accountEnabled !== "boolean") {
    throw new AgentError("ENTRA_BAD_ANSWER", `${what} has an accountEnabled that is no boolean`);
  }
  const userPrincipalName = textIn(fields, "userPrincipalName", what);
  const userType = optionalTextIn(fields, "userType", what);
  return {
    id,
    userPrincipalName,
    mail: optionalTextIn(fields, "mail", what),
    givenName: optionalTextIn(fields, "givenName", what),
    surname: optionalTextIn(fields, "surname", what),
    displayName: optionalTextIn(fields, "displayName", what),
    accountEnabled: fields.accountEnabled,
    // Whoever signs in with another tenant's account has claims as a guest has them, also where an
    // administrator made the user's type "Member".
    guest: userType?.toLowerCase() === "guest" || /#ext#/i.test(userPrincipalName),
  };
}
