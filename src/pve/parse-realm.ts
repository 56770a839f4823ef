import type { RealmFacts } from "../decide/facts.js";
import type { RealmKey } from "../ports.js";
import { Secret } from "../secret.js";
import { fields, optionalFlag, optionalText, text } from "./shape.js";

/** A realm as read: what may be shown, and apart from it what must not. */
export interface RealmRead {
  readonly facts: RealmFacts;
  /** Of OpenID realms only. The key is empty where PVE has none. */
  readonly key?: RealmKey;
}

/**
 * `GET /access/domains/{realm}`, which gives the client key in clear. Realms of another type have
 * neither issuer nor client id: both are empty then. Throws PVE_BAD_ANSWER.
 */
export function parseRealm(name: string, data: unknown): RealmRead {
  const where = `realm ${name}`;
  const from = fields(data, where);
  const type = text(from, "type", where);
  const openid = type === "openid";
  const usernameClaim = optionalText(from, "username-claim", where);
  const groupsClaim = optionalText(from, "groups-claim", where);
  const facts: RealmFacts = {
    name,
    type,
    issuerUrl: openid ? text(from, "issuer-url", where) : "",
    clientId: openid ? text(from, "client-id", where) : "",
    ...(usernameClaim === "" ? {} : { usernameClaim }),
    ...(groupsClaim === "" ? {} : { groupsClaim }),
    groupsOverwrite: optionalFlag(from, "groups-overwrite", where),
    groupsAutocreate: optionalFlag(from, "groups-autocreate", where),
    autocreate: optionalFlag(from, "autocreate", where),
  };
  if (!openid) return { facts };
  const key = new Secret(optionalText(from, "client-key", where));
  return { facts, key: { key, digest: text(from, "digest", where), facts } };
}
