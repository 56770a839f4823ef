import { ParamError, PlainError } from "./errors.js";
import {
  type Kind,
  verifyGroupName,
  verifyRealm,
  verifyRoleName,
  verifyTokenid,
  verifyUserid,
} from "./names.js";
import { characters, isTrue, splitList } from "./perl.js";
import { PRIVILEGES } from "./privileges.js";

/** A parameter before its verification: text from a form, or whatever JSON can hold. */
export type RawParam =
  string | number | boolean | null | undefined | RawParam[] | { [name: string]: RawParam };
export type RawParams = Record<string, RawParam>;
/** Parameters after it: text alone, booleans being "1" and "0"; absent where not given. */
export type Params = Record<string, string | undefined>;

/** Checks one value (of a list: one element); throws a PlainError. */
type Format = (value: string, kind: Kind) => void;

const EMAIL_WORD = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}+\\-~]+";
const EMAIL = new RegExp(
  `^${EMAIL_WORD}(?:\\.${EMAIL_WORD})*@[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)*$`,
  "u",
);

const FORMATS = {
  userid: (value, kind) => void verifyUserid(value, kind),
  tokenid: verifyTokenid,
  realm: verifyRealm,
  groupid: verifyGroupName,
  roleid: verifyRoleName,
  privilege: (value) => {
    if (!PRIVILEGES.has(value)) throw new PlainError(`invalid privilege '${value}'\n`);
  },
  configid: (value) => {
    if (!/^[a-z][a-z0-9_-]+$/i.test(value)) {
      throw new PlainError(`invalid configuration ID '${value}'\n`);
    }
  },
  email: (value) => {
    if (!EMAIL.test(value)) {
      throw new PlainError("value does not look like a valid email address\n");
    }
  },
} satisfies Record<string, Format>;

/** What PVE says about one parameter. */
export interface Property {
  type: "string" | "boolean" | "integer";
  optional?: boolean;
  format?: keyof typeof FORMATS;
  /** The value is a list, each element of which has the format. An empty list is fine. */
  list?: boolean;
  /** The format applies to a value that Perl finds true. */
  orEmpty?: boolean;
  pattern?: RegExp;
  maxLength?: number;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  enum?: readonly string[];
  /** Another parameter that must come with this one. */
  requires?: string;
}

export type Schema = Record<string, Property>;

/** A value as Perl prints it into a string. */
export function printed(value: RawParam): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "object") return Array.isArray(value) ? "ARRAY(0x1)" : "HASH(0x1)";
  return String(value);
}

/** What Perl's `ref` calls a value that is no scalar. */
function refName(value: RawParam): string | undefined {
  if (Array.isArray(value)) return "ARRAY";
  if (typeof value === "boolean") return "JSON::PP::Boolean";
  return typeof value === "object" && value !== null ? "HASH" : undefined;
}

function typeComplaint(value: RawParam, type: Property["type"]): string | undefined {
  const ref = refName(value);
  if (ref === "JSON::PP::Boolean" && type === "boolean") return undefined;
  if (ref) return `type check ('${type}') failed - got ${ref}`;
  const text = printed(value) ?? "";
  const fits =
    type === "string" ||
    (type === "boolean" && (text === "1" || text === "0")) ||
    (type === "integer" && /^[+-]?[0-9]+$/.test(text));
  return fits ? undefined : `type check ('${type}') failed - got '${text}'`;
}

function formatComplaint(text: string, property: Property, kind: Kind): string | undefined {
  if (!property.format || (property.orEmpty && !isTrue(text))) return undefined;
  const check: Format = FORMATS[property.format];
  try {
    for (const value of property.list ? splitList(text) : [text]) check(value, kind);
    return undefined;
  } catch (error) {
    if (error instanceof PlainError) return `invalid format - ${error.text}`;
    throw error;
  }
}

function sizeComplaint(text: string, property: Property): string | undefined {
  const { pattern, maxLength, minLength, minimum, maximum } = property;
  if (pattern && !pattern.test(text)) return "value does not match the regex pattern";
  if (maxLength !== undefined && characters(text) > maxLength) {
    return `value may only be ${maxLength} characters long`;
  }
  if (minLength !== undefined && characters(text) < minLength) {
    return `value must be at least ${minLength} characters long`;
  }
  if (maximum !== undefined && Number(text) > maximum) {
    return `value must have a maximum value of ${maximum}`;
  }
  if (minimum !== undefined && Number(text) < minimum) {
    return `value must have a minimum value of ${minimum}`;
  }
  if (property.enum && !property.enum.includes(text)) {
    const values = property.enum.join(", ");
    return `value '${text}' does not have a value in the enumeration '${values}'`;
  }
  return undefined;
}

/** The first complaint about a value, in the order in which PVE looks; none where it is fine. */
export function complaint(value: RawParam, property: Property, kind: Kind): string | undefined {
  if (value === undefined || value === null) {
    return property.optional ? undefined : "property is missing and it is not optional";
  }
  const wrongType = typeComplaint(value, property.type);
  if (wrongType !== undefined || typeof value === "boolean") return wrongType;
  const text = printed(value) ?? "";
  return formatComplaint(text, property, kind) ?? sizeComplaint(text, property);
}

/** Lists may come as JSON arrays, or as a form field repeated: PVE joins them with commas. */
function joined(value: RawParam, property: Property): RawParam {
  return property.list && Array.isArray(value)
    ? value.map((one) => printed(one) ?? "").join(",")
    : value;
}

const UNKNOWN =
  "property is not defined in schema and the schema does not allow additional properties";

/**
 * Verifies all parameters of a call, or throws one ParamError with every complaint.
 * @param fromPath names of those that came in the path, undecoded
 */
export function verifyParams(raw: RawParams, schema: Schema, fromPath: Set<string>): Params {
  const complaints: Record<string, string> = {};
  const params: Params = {};
  const complain = (name: string, text: string): void => {
    const before = complaints[name];
    complaints[name] = before === undefined ? text : `${before}\\n${text}`;
  };
  for (const [name, property] of Object.entries(schema)) {
    const value = joined(raw[name], property);
    const wrong = complaint(value, property, fromPath.has(name) ? "bytes" : "text");
    if (wrong !== undefined) complain(name, wrong);
    params[name] = printed(value);
  }
  for (const name of Object.keys(raw)) {
    const property = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (!property) complain(name, UNKNOWN);
    const needed = property?.requires;
    if (needed !== undefined && (raw[needed] === undefined || raw[needed] === null)) {
      complain(needed, `missing property required by '${name}'`);
    }
  }
  if (Object.keys(complaints).length > 0) throw new ParamError(complaints);
  return params;
}
