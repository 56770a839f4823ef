import type { Property, Schema } from "./schema.js";

/** How a realm type uses a property. */
export interface RealmOption {
  optional: boolean;
  /** Set at creation and never again. */
  fixed?: boolean;
}

const text = (maxLength?: number): Property =>
  maxLength === undefined ? { type: "string" } : { type: "string", maxLength };
const flag: Property = { type: "boolean" };
const URI_TEXT: Property = { type: "string", pattern: /^[^\u0000-\u001f\u007f <>#"]*$/ };

/** Every property that some type of realm has, with what PVE demands of its value. */
export const REALM_PROPERTIES: Schema = {
  "acr-values": URI_TEXT,
  audiences: URI_TEXT,
  autocreate: flag,
  base_dn: text(256),
  bind_dn: text(256),
  capath: text(),
  "case-sensitive": flag,
  cert: text(),
  certkey: text(),
  "client-id": text(256),
  "client-key": text(256),
  comment: text(4096),
  default: flag,
  domain: { type: "string", pattern: /^\S+$/, maxLength: 256 },
  filter: text(2048),
  group_classes: text(),
  group_dn: text(256),
  group_filter: text(2048),
  group_name_attr: text(256),
  "groups-autocreate": flag,
  "groups-claim": { type: "string", pattern: /^[A-Za-z0-9.\-_]+$/, maxLength: 256 },
  "groups-overwrite": flag,
  "issuer-url": text(256),
  mode: { type: "string", enum: ["ldap", "ldaps", "ldap+starttls"] },
  password: text(),
  port: { type: "integer", minimum: 1, maximum: 65535 },
  prompt: { type: "string", pattern: /^\S+$/ },
  "query-userinfo": flag,
  scopes: text(),
  secure: flag,
  server1: text(256),
  server2: text(256),
  sslversion: { type: "string", enum: ["tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3"] },
  "sync-defaults-options": text(),
  sync_attributes: text(),
  tfa: text(128),
  user_attr: { type: "string", pattern: /^\S{2,}$/, maxLength: 256 },
  user_classes: text(),
  "username-claim": text(),
  verify: flag,
};

const optional = (...names: string[]): [string, RealmOption][] =>
  names.map((name) => [name, { optional: true }]);
const required = (...names: string[]): [string, RealmOption][] =>
  names.map((name) => [name, { optional: false }]);

const LOCAL = new Map(optional("default", "comment", "tfa"));
const DIRECTORY_OPTIONS = [
  ...["bind_dn", "capath", "case-sensitive", "cert", "certkey", "comment", "default", "filter"],
  ...["group_classes", "group_dn", "group_filter", "group_name_attr", "mode", "password", "port"],
  ...["secure", "server2", "sslversion", "sync-defaults-options", "sync_attributes", "tfa"],
  ...["user_classes", "verify"],
];

/** The properties of each type of realm. */
export const REALM_TYPES: ReadonlyMap<string, ReadonlyMap<string, RealmOption>> = new Map([
  [
    "ad",
    new Map([
      ...required("server1", "domain"),
      ...optional(...DIRECTORY_OPTIONS, "base_dn", "user_attr"),
    ]),
  ],
  [
    "ldap",
    new Map([...required("server1", "base_dn", "user_attr"), ...optional(...DIRECTORY_OPTIONS)]),
  ],
  [
    "openid",
    new Map<string, RealmOption>([
      ...required("issuer-url", "client-id"),
      ["username-claim", { optional: true, fixed: true }],
      ...optional("client-key", "autocreate", "groups-claim", "groups-autocreate"),
      ...optional("groups-overwrite", "prompt", "scopes", "acr-values", "audiences"),
      ...optional("default", "comment", "query-userinfo"),
    ]),
  ],
  ["pam", LOCAL],
  ["pve", LOCAL],
]);

const ALL_OPTIONAL: Schema = Object.fromEntries(
  Object.entries(REALM_PROPERTIES).map(([name, property]) => [
    name,
    { ...property, optional: true },
  ]),
);
const REALM: Property = { type: "string", format: "realm", maxLength: 32 };
const CHECK_CONNECTION: Property = { type: "boolean", optional: true };

/** Parameters that create a realm. */
export const CREATE_REALM: Schema = {
  ...ALL_OPTIONAL,
  realm: REALM,
  type: { type: "string", enum: [...REALM_TYPES.keys()] },
  "check-connection": CHECK_CONNECTION,
};

const settableLater = (name: string): boolean =>
  [...REALM_TYPES.values()].some((options) => {
    const option = options.get(name);
    return option !== undefined && !option.fixed;
  });

/** Parameters that change one: what no type lets change is unknown here. */
export const UPDATE_REALM: Schema = {
  ...Object.fromEntries(Object.entries(ALL_OPTIONAL).filter(([name]) => settableLater(name))),
  realm: REALM,
  digest: { type: "string", optional: true, maxLength: 64 },
  delete: { type: "string", optional: true, format: "configid", list: true, maxLength: 4096 },
  "check-connection": CHECK_CONNECTION,
};
