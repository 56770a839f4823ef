import { createHash } from "node:crypto";
import { PlainError } from "./errors.js";
import { isRealm } from "./names.js";
import { decodeText, encodeText, isTrue, printBytes, sorted } from "./perl.js";
import { REALM_PROPERTIES, REALM_TYPES } from "./realm-properties.js";
import { complaint } from "./schema.js";

/** A realm: its type and its properties; booleans and numbers are numbers, as in PVE's answers. */
export interface Realm {
  type: string;
  properties: Map<string, string | number>;
}

/** What domains.cfg says. */
export interface DomainsCfg {
  /** In the file's order. */
  realms: Map<string, Realm>;
  /** SHA-1 of the whole file, so that any change to any realm shows. */
  digest: string;
}

const HEADER = /^([^\t\n\v\f\r ]+):[\t ]*([^\t\n\v\f\r ]+)[\t ]*$/;
const LINE = /^[\t\n\v\f\r ]+([^\t\n\v\f\r ]+)(?:[\t\n\v\f\r ]+(.*[^\t\n\v\f\r ]))?[\t\n\v\f\r ]*$/;

/**
 * The value of a property as PVE keeps it; throws for one that the type does not have, or with a
 * line feed. An absent boolean is true: a bare word in the file sets it.
 */
export function realmValue(type: string, name: string, value: string | undefined): string | number {
  const property = REALM_PROPERTIES[name];
  if (!property || !REALM_TYPES.get(type)?.has(name)) {
    throw new PlainError(`unexpected property '${name}'\n`);
  }
  const given = value ?? (property.type === "boolean" ? "1" : undefined);
  if (given === undefined) throw new PlainError("got undefined value\n");
  if (/[\n\r]/.test(given)) throw new PlainError("property contains a line feed\n");
  return property.type === "string" ? given : Number(given);
}

/** Throws where a new realm lacks what its type demands. */
export function requireOptions(realm: Realm): void {
  for (const [name, option] of REALM_TYPES.get(realm.type) ?? []) {
    if (!option.optional && !realm.properties.has(name)) {
      throw new PlainError(`missing value for required option '${name}'\n`);
    }
  }
}

function readLine(realm: Realm, line: string): void {
  const match = LINE.exec(line);
  const name = match?.[1];
  if (name === undefined || realm.properties.has(name)) return;
  try {
    const value = realmValue(realm.type, name, match?.[2]);
    const property = REALM_PROPERTIES[name];
    // What PVE cannot read it leaves out, with a warning in the log.
    if (property && complaint(value, property, "bytes") === undefined) {
      realm.properties.set(name, value);
    }
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
  }
}

function readSections(raw: string): Map<string, Realm> {
  const realms = new Map<string, Realm>();
  let current: Realm | undefined;
  let inside = false;
  for (const line of raw.split("\n")) {
    if (/^\s*#/.test(line)) continue;
    if (line === "" || line === "0") {
      inside = false;
    } else if (inside) {
      if (current) readLine(current, line);
    } else {
      const [, type = "", name = ""] = HEADER.exec(line) ?? [];
      inside = name !== "";
      const known = isRealm(name) && REALM_TYPES.has(type.toLowerCase());
      current = known ? { type: type.toLowerCase(), properties: new Map() } : undefined;
      if (current) realms.set(name, current);
    }
  }
  return realms;
}

function keepOneDefault(realms: Map<string, Realm>): void {
  let found = false;
  for (const { properties } of realms.values()) {
    if (!isTrue(properties.get("default"))) continue;
    if (found) properties.delete("default");
    found = true;
  }
}

/** Two realms exist without being written anywhere. */
function addBuiltIn(realms: Map<string, Realm>): void {
  const comments = {
    pve: "Proxmox VE authentication server",
    pam: "Linux PAM standard authentication",
  };
  for (const [name, comment] of Object.entries(comments)) {
    const properties = realms.get(name)?.properties ?? new Map<string, string | number>();
    if (!isTrue(properties.get("comment"))) properties.set("comment", comment);
    realms.set(name, { type: name, properties });
  }
}

/**
 * Reads domains.cfg as PVE does; what it does not understand is left out.
 * @param raw the file as a byte string
 */
export function parseDomainsCfg(raw: string): DomainsCfg {
  const realms = readSections(raw);
  for (const { properties } of realms.values()) {
    const comment = properties.get("comment");
    if (isTrue(comment)) properties.set("comment", decodeText(String(comment)));
  }
  keepOneDefault(realms);
  addBuiltIn(realms);
  const digest = createHash("sha1").update(Buffer.from(raw, "latin1")).digest("hex");
  return { realms, digest };
}

function propertyLine(name: string, value: string | number): string {
  if (REALM_PROPERTIES[name]?.type === "boolean") return `\t${name} ${isTrue(value) ? 1 : 0}\n`;
  return value === "" ? "" : `\t${name} ${value}\n`;
}

function section(id: string, realm: Realm): string {
  const options = REALM_TYPES.get(realm.type) ?? new Map();
  const comment = realm.properties.get("comment");
  let out = `${realm.type}: ${id}\n`;
  if (isTrue(comment)) out += propertyLine("comment", encodeText(String(comment)));
  const names = sorted(options.keys()).filter((name) => name !== "comment");
  const required = names.filter((name) => !options.get(name)?.optional);
  for (const name of required) {
    const value = realm.properties.get(name);
    if (value === undefined) {
      throw new PlainError(`section '${id}' - missing value for required option '${name}'\n`);
    }
    out += propertyLine(name, value);
  }
  for (const name of names) {
    const value = realm.properties.get(name);
    if (value !== undefined && !required.includes(name)) out += propertyLine(name, value);
  }
  return `${out}\n`;
}

/**
 * Writes domains.cfg as PVE does: sections in the order read, each with its comment first, then
 * what its type demands, then the rest, sorted.
 * @returns the file as a byte string
 */
export function writeDomainsCfg(cfg: DomainsCfg): string {
  let out = "";
  for (const [id, realm] of cfg.realms) out += section(id, realm);
  return printBytes(out);
}
