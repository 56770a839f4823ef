import { PlainError } from "./errors.js";
import { characters, isTrue, splitFields } from "./perl.js";

/*
 * The shapes of PVE's names. A value that comes out of a request's body is text, where Unicode's
 * white space counts; one from a path or a file is bytes, where only ASCII's does.
 */

/** Whether a string holds decoded text or raw bytes. */
export type Kind = "text" | "bytes";

const REALM = "[A-Za-z][A-Za-z0-9.\\-_]+";
const USER_OF_TEXT = "[^\\s\\x85:/]+";
const USER_OF_BYTES = "[^\\t\\n\\v\\f\\r :/]+";
const SUB_ID = REALM;

const user = (kind: Kind): string => (kind === "text" ? USER_OF_TEXT : USER_OF_BYTES);
const USERID = {
  text: new RegExp(`^(${user("text")})@(${REALM})$`),
  bytes: new RegExp(`^(${user("bytes")})@(${REALM})$`),
};
const TOKENID = {
  text: new RegExp(`^(${user("text")}@${REALM})!(${SUB_ID})$`),
  bytes: new RegExp(`^(${user("bytes")}@${REALM})!(${SUB_ID})$`),
};
const WHOLE_REALM = new RegExp(`^${REALM}$`);
const PLAIN_NAME = /^[A-Za-z0-9.\-_]+$/;
const POOL = /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/;

export const USERID_OR_TOKEN = `${USER_OF_TEXT}@${REALM}(?:!${SUB_ID})?`;
export const TOKEN_SUB_ID = SUB_ID;

const MIN_USERID = 3;
const MAX_USERID = 64;

export interface UserName {
  userid: string;
  /** The part before the realm. */
  name: string;
  realm: string;
}

/** Takes a userid apart, or throws PVE's complaint about it. */
export function verifyUserid(value: string | undefined, kind: Kind = "text"): UserName {
  const userid = isTrue(value) ? (value ?? "") : "";
  const length = characters(userid);
  if (length < MIN_USERID) throw new PlainError(`user name '${userid}' is too short\n`);
  if (length > MAX_USERID) {
    throw new PlainError(`user name '${userid}' is too long (${length} > ${MAX_USERID})\n`);
  }
  const match = USERID[kind].exec(userid);
  if (!match) throw new PlainError(`value '${userid}' does not look like a valid user name\n`);
  return { userid, name: match[1] ?? "", realm: match[2] ?? "" };
}

export function isUserid(value: string, kind: Kind): boolean {
  const length = characters(value);
  return length >= MIN_USERID && length <= MAX_USERID && USERID[kind].test(value);
}

/** The owner and the name of a full token id, where it is one. */
export function splitTokenid(value: string, kind: Kind): { user: string; token: string } | null {
  const match = TOKENID[kind].exec(value);
  return match ? { user: match[1] ?? "", token: match[2] ?? "" } : null;
}

export function verifyTokenid(value: string): void {
  if (!splitTokenid(value, "text")) {
    throw new PlainError(`value '${value}' does not look like a valid token ID\n`);
  }
}

export function verifyRealm(value: string): void {
  if (!WHOLE_REALM.test(value)) throw new PlainError("value does not look like a valid realm\n");
}

export const isRealm = (value: string): boolean => WHOLE_REALM.test(value);

export function verifyGroupName(value: string): void {
  if (!PLAIN_NAME.test(value)) {
    throw new PlainError(`group name '${value}' contains invalid characters\n`);
  }
}

export function verifyRoleName(value: string): void {
  if (!PLAIN_NAME.test(value)) {
    throw new PlainError(`role name '${value}' contains invalid characters\n`);
  }
}

/**
 * Whether the parser of user.cfg takes this for the name of a group or role. It asks for the truth
 * of the checked name, so "0", which the API lets one create, is lost with the next write.
 */
export const isFileName = (value: string): boolean => isTrue(value) && PLAIN_NAME.test(value);

export const isPoolName = (value: string): boolean =>
  isTrue(value) && splitFields(value, "/").length <= 3 && POOL.test(value);

const ALNUM = "[\\p{Alphabetic}\\p{Nd}]";
const NAME = "[\\p{Alphabetic}\\p{Nd}.\\-_]+";
const ASCII_NAME = "[A-Za-z0-9.\\-_]+";
const NORMAL_PATH = /^[\p{Alphabetic}\p{Nd}.\-_/]+$/u;

/** The normal form of an ACL path: one leading slash, single slashes, none at the end; or nothing. */
export function normalizePath(value: string | undefined): string | undefined {
  if (!isTrue(value)) return undefined;
  let path = (value ?? "").replace(/\/+/g, "/").replace(/\/$/, "");
  if (!isTrue(path)) path = "/";
  if (!path.startsWith("/")) path = `/${path}`;
  return NORMAL_PATH.test(path) ? path : undefined;
}

const ACL_PATHS = [
  "/",
  "/access(?:/groups|/realm)?",
  `/access/(?:groups|realm)/${NAME}`,
  `/(?:nodes|storage|mapping)(?:/${NAME})?`,
  `/mapping/${NAME}/${NAME}`,
  `/pool(?:/${ASCII_NAME}){0,3}`,
  "/sdn",
  `/sdn/controllers(?:/[\\p{Alphabetic}\\p{Nd}_\\-]+)?`,
  `/sdn/(?:dns|fabrics|ipams|prefix-lists|route-maps)(?:/${ALNUM}+)?`,
  `/sdn/zones(?:/${NAME}){0,2}`,
  `/sdn/zones/${NAME}/${NAME}/[1-9][0-9]{0,3}`,
  "/vms(?:/[1-9][0-9]{2,})?",
];
const KNOWN_PATH = new RegExp(`^(?:${ACL_PATHS.join("|")})$`, "u");

/** Whether an ACL may be set there. PVE checks the shape alone: the pool, guest or storage need not exist. */
export const isAclPath = (path: string): boolean => KNOWN_PATH.test(path);
