import { isUsable } from "./auth.js";
import { splitTokenid } from "./names.js";
import { encodeUtf8 } from "./perl.js";
import { Access } from "./permissions.js";
import { parseUserCfg, type UserCfg } from "./user-cfg.js";

export { allPaths } from "./permissions.js";
export { parseUserCfg, type UserCfg } from "./user-cfg.js";

/**
 * What somebody can really do at a path: PVE's privileges, and none for an account that cannot sign
 * in because it does not exist, is disabled or has expired. Tests hold the program against this;
 * it shares no code with it, and the recordings hold this against the real PVE.
 * @param cfg user.cfg, as text or read
 * @param who a userid or a full token id
 * @param now milliseconds since 1970, for `expire`; without it nothing has expired
 */
export function effectivePrivileges(
  cfg: UserCfg | string,
  who: string,
  path: string,
  now = 0,
): Set<string> {
  const state = typeof cfg === "string" ? read(cfg) : cfg;
  const userid = splitTokenid(who, "bytes")?.user ?? who;
  if (!isUsable(state, userid, now)) return new Set();
  return new Set(accessOf(state).permissions(who, path).keys());
}

let last: { text: string; cfg: UserCfg } | undefined;

/** Tests ask about many people and paths of one and the same file. */
function read(text: string): UserCfg {
  if (last?.text !== text) last = { text, cfg: parseUserCfg(encodeUtf8(text)) };
  return last.cfg;
}

const accesses = new WeakMap<UserCfg, Access>();

function accessOf(cfg: UserCfg): Access {
  let access = accesses.get(cfg);
  if (!access) {
    access = new Access(cfg);
    accesses.set(cfg, access);
  }
  return access;
}
