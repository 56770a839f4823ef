import { parseDomainsCfg } from "../pve/domains-cfg.js";
import { encodeUtf8 } from "../pve/perl.js";

/** An OpenID realm as PVE reads it from domains.cfg at every login. */
export interface OpenIdRealm {
  name: string;
  issuerUrl: string;
  clientId: string;
  clientKey: string | undefined;
  /** `sub` where the realm says nothing. */
  usernameClaim: string;
  autocreate: boolean;
  scopes: string;
  prompt: string | undefined;
  acrValues: string | undefined;
  queryUserinfo: boolean;
  audiences: string[];
  groupsClaim: string | undefined;
  groupsAutocreate: boolean;
  groupsOverwrite: boolean;
}

/** Reads a realm; throws an Error in PVE's words where it is not there or of another type. */
export function readRealm(domainsCfg: string, name: string): OpenIdRealm {
  const realm = parseDomainsCfg(encodeUtf8(domainsCfg)).realms.get(name);
  if (!realm) throw new Error(`authentication domain '${name}' does not exist`);
  if (realm.type !== "openid") throw new Error(`wrong realm type (${realm.type} != openid)`);
  const text = (property: string): string | undefined => {
    const value = realm.properties.get(property);
    return value === undefined ? undefined : String(value);
  };
  const flag = (property: string, otherwise: boolean): boolean =>
    text(property) === undefined ? otherwise : text(property) === "1";
  return {
    name,
    issuerUrl: text("issuer-url") ?? "",
    clientId: text("client-id") ?? "",
    clientKey: text("client-key"),
    usernameClaim: text("username-claim") ?? "sub",
    autocreate: flag("autocreate", false),
    scopes: text("scopes") ?? "email profile",
    prompt: text("prompt"),
    acrValues: text("acr-values"),
    queryUserinfo: flag("query-userinfo", true),
    audiences: (text("audiences") ?? "").split(/[\s,;]+/).filter((audience) => audience !== ""),
    groupsClaim: text("groups-claim"),
    groupsAutocreate: flag("groups-autocreate", false),
    groupsOverwrite: flag("groups-overwrite", false),
  };
}
