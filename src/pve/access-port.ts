/** The port to Proxmox VE, over whatever carries its requests. */
import type { Proxmox } from "proxmox-api";
import type { UserId } from "../decide/facts.js";
import type { AccessPort } from "../ports.js";
import { observe } from "./observe.js";
import { parseNodes } from "./parse-nodes.js";
import { parseAcl } from "./parse-rights.js";
import { parseGroup, parseUser } from "./parse-users.js";
import { readRealmKey, writeRealmKey } from "./realm.js";
import { groupInPath, useridInPath } from "./safe-id.js";
import { sendWrite } from "./write.js";

/**
 * @param api for requests that end with the signal
 * @param ownUser the user of our token
 */
export function accessPort(api: (signal: AbortSignal) => Proxmox.Api, ownUser: UserId): AccessPort {
  return {
    observe: (realms, signal) => observe(api(signal), realms, ownUser),
    readUser: async (userid, signal) =>
      parseUser(userid, await api(signal).access.users.$(useridInPath(userid)).$get()),
    readGroup: async (group, signal) =>
      parseGroup(group, await api(signal).access.groups.$(groupInPath(group)).$get()),
    readAcl: async (signal) => parseAcl(await api(signal).access.acl.$get()),
    write: (write, groups, signal) => sendWrite(api(signal), write, groups),
    readRealmKey: (realm, signal) => readRealmKey(api(signal), realm),
    writeRealmKey: (realm, key, digest, signal) => writeRealmKey(api(signal), realm, key, digest),
    nodes: async (signal) => parseNodes(await api(signal).nodes.$get()),
  };
}
