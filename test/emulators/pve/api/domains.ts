import type { Methods, Permitted } from "../call.js";
import { anyPerm, perm } from "../checks.js";
import { realmValue, type Realm, requireOptions } from "../domains-cfg.js";
import { PlainError } from "../errors.js";
import { isTrue, splitList } from "../perl.js";
import { CREATE_REALM, REALM_TYPES, UPDATE_REALM } from "../realm-properties.js";
import type { Property } from "../schema.js";

const REALM: Property = { type: "string", format: "realm", maxLength: 32 };
const permission = perm("/access/realm", ["Realm.Allocate"]);
const IN_NO_FILE = new Set(["realm", "type", "digest", "delete", "password", "check-connection"]);

const realmOf = (call: Permitted): string => call.params.realm ?? "";

/** What a call sets, in the form in which the file keeps it. A JSON null is refused. */
function settings(call: Permitted, type: string): [string, string | number][] {
  const names = Object.keys(call.raw).filter((name) => !IN_NO_FILE.has(name));
  return names.map((name) => {
    const value = call.params[name];
    if (REALM_TYPES.get(type)?.get(name)?.fixed && call.params.type === undefined) {
      throw new PlainError(`can't change value of fixed parameter '${name}'\n`);
    }
    if (value === undefined) throw new PlainError(`got undefined value for option '${name}'\n`);
    return [name, realmValue(type, name, value)];
  });
}

function onlyForDirectories(call: Permitted, type: string): void {
  if (call.params["check-connection"] === undefined || type === "ldap" || type === "ad") return;
  throw new PlainError(
    "'check-connection' parameter can only be set for realms of type 'ldap' or 'ad'\n",
  );
}

function clearOtherDefaults(realms: Map<string, Realm>, set: [string, string | number][]): void {
  if (!set.some(([name, value]) => name === "default" && isTrue(value))) return;
  for (const { properties } of realms.values()) properties.delete("default");
}

function list(call: Permitted): unknown {
  return [...call.state.domains.realms].map(([realm, { type, properties }]) => {
    const entry: Record<string, unknown> = { realm, type };
    if (isTrue(properties.get("comment"))) entry.comment = properties.get("comment");
    if (isTrue(properties.get("default"))) entry.default = 1;
    return entry;
  });
}

function create(call: Permitted): null {
  const { type = "" } = call.params;
  const name = realmOf(call);
  call.state.changeDomains("add auth server failed", ({ realms }) => {
    if (realms.has(name)) throw new PlainError(`domain '${name}' already exists\n`);
    if (type === "pam" || type === "pve") {
      throw new PlainError(`unable to create builtin type '${type}'\n`);
    }
    onlyForDirectories(call, type);
    const set = settings(call, type);
    const realm = { type, properties: new Map(set) };
    requireOptions(realm);
    clearOtherDefaults(realms, set);
    realms.set(name, realm);
  });
  return null;
}

/** Perl says where it died when a message does not end with a line feed; these are PVE 9.2's places. */
const NO_TYPE = "cannot lookup undefined type! at /usr/share/perl5/PVE/API2/Domains.pm line 261.\n";

function update(call: Permitted): null {
  const { params } = call;
  const name = realmOf(call);
  call.state.changeDomains("update auth server failed", (cfg) => {
    const digest = params.digest;
    if (isTrue(digest) && digest !== cfg.digest) {
      throw new PlainError(
        "detected modified configuration - file changed by other user? Try again.\n",
      );
    }
    const realm = cfg.realms.get(name);
    onlyForDirectories(call, realm?.type ?? "");
    const given = Object.keys(call.raw).filter((key) => !IN_NO_FILE.has(key));
    if (!isTrue(params.delete) && given.length === 0 && params.password === undefined) {
      throw new PlainError("no options specified\n");
    }
    if (!realm) throw new PlainError(NO_TYPE);
    splitList(params.delete).forEach((key) => realm.properties.delete(key));
    const set = settings(call, realm.type);
    clearOtherDefaults(cfg.realms, set);
    for (const [key, value] of set) realm.properties.set(key, value);
  });
  return null;
}

function read(call: Permitted): unknown {
  const { realms, digest } = call.state.domains;
  const realm = realms.get(realmOf(call));
  if (!realm) throw new PlainError(`domain '${realmOf(call)}' does not exist\n`);
  const entry = { ...Object.fromEntries(realm.properties), type: realm.type, digest };
  return realmOf(call) === "pam" ? { ...entry, plugin: "PVE::Auth::PAM" } : entry;
}

function remove(call: Permitted): null {
  const name = realmOf(call);
  call.state.changeDomains("delete auth server failed", ({ realms }) => {
    if (!realms.delete(name)) {
      throw new PlainError(`authentication domain '${name}' does not exist\n`);
    }
  });
  return null;
}

export const domains: Methods = {
  GET: { permission: "world", parameters: {}, run: list },
  POST: { protected: true, permission, parameters: CREATE_REALM, run: create },
};

export const domain: Methods = {
  GET: {
    permission: anyPerm("/access/realm", ["Realm.Allocate", "Sys.Audit"]),
    parameters: { realm: REALM },
    run: read,
  },
  PUT: { protected: true, permission, parameters: UPDATE_REALM, run: update },
  DELETE: { protected: true, permission, parameters: { realm: REALM }, run: remove },
};
