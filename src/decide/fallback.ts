/**
 * There is always a way in (P7): root@pam, or somebody of the realms pam and pve other than the
 * agent itself who is effectively Administrator on `/`. A pure filter over a plan's actions.
 */
import type { Finding } from "../errors.js";
import { NO_ACCESS_ROLE, type Mask } from "./acl-tree.js";
import type { Access, UserId } from "./facts.js";
import { partsOf, remade, takingAndGiving } from "./fallback-parts.js";
import { describe } from "./order-words.js";
import type { Action, Write } from "./plan.js";
import { rightsOf } from "./privileges.js";
import { apply, obstacle, stateOf, type AccessState, type Undo } from "./simulation.js";
import { universe } from "./universe.js";

export interface Fallback {
  readonly exists: boolean;
  readonly who: readonly UserId[];
}

export interface Guarded {
  /** What may go on: whole actions, or the part of one that may. */
  readonly allowed: Action[];
  /** What may not: desired all the same, so that the order counts it among the held. */
  readonly withheld: Action[];
  readonly findings: Finding[];
}

const ROOT = "root@pam";

/** Who is a way in, by the access as read. `now` in seconds since 1970. */
export function fallback(access: Access, now: number): Fallback {
  const who = [...outsiders(access, now).left];
  return { exists: who.length > 0, who };
}

function outsiders(access: Access, now: number): Watch {
  return new Watch(access, now, (userid) => isOutside(access, userid));
}

/**
 * No plan touches a fallback, or takes the last one away. Where none exists nothing is added, and
 * the last effective Administrator on `/`, whoever it is, is not removed; the end of a moment adds
 * nothing to what that person had, and goes on as the removals do. `now` in seconds since 1970.
 */
export function guardsFallback(access: Access, actions: readonly Action[], now: number): Guarded {
  const watch = outsiders(access, now);
  return watch.left.size > 0 ? keepFallback(watch, actions) : onlyTake(access, actions, now);
}

function keepFallback(watch: Watch, actions: readonly Action[]): Guarded {
  const guarded: Guarded = { allowed: [], withheld: [], findings: [] };
  const who = [...watch.left];
  for (const action of actions) {
    const { write } = action;
    const touches = "userid" in write && (write.userid === ROOT || who.includes(write.userid));
    const refused = touches ? [write] : sift(watch, action, guarded);
    if (touches) guarded.withheld.push(action);
    for (const one of refused) {
      const why = "it touches the last way in that does not depend on Entra";
      guarded.findings.push(finding(`left out, because ${why}: ${describe(one)}`, action.realm));
    }
  }
  return guarded;
}

function onlyTake(access: Access, actions: readonly Action[], now: number): Guarded {
  const guarded: Guarded = { allowed: [], withheld: [], findings: [] };
  const watch = new Watch(access, now, (userid) => userid !== access.ownUser);
  guarded.findings.push(
    finding(
      "neither root@pam nor another administrator of pam or pve is enabled; only removals go on",
    ),
  );
  for (const action of actions) {
    const { taking, giving } = takingAndGiving(action);
    if (giving !== undefined) guarded.withheld.push(giving);
    if (taking === undefined) continue;
    for (const one of sift(watch, taking, guarded)) {
      const why = "it would remove the last administrator";
      guarded.findings.push(finding(`left out, because ${why}: ${describe(one)}`, action.realm));
    }
  }
  return guarded;
}

/** Lets through what leaves somebody in the watch; gives back the writes that it does not. */
function sift(watch: Watch, action: Action, guarded: Guarded): Write[] {
  if (watch.allows(action.write)) {
    guarded.allowed.push(action);
    return [];
  }
  const parts = partsOf(action.write);
  const refused = parts.filter((part) => !watch.allows(part));
  const allowed = parts.filter((part) => !refused.includes(part));
  const rest = remade(action, allowed, "");
  if (rest !== undefined) guarded.allowed.push(rest);
  const withheld = remade(action, refused, rest === undefined ? "" : "/withheld");
  if (withheld !== undefined) guarded.withheld.push(withheld);
  return refused;
}

function finding(message: string, realm?: string): Finding {
  const common = { code: "SYNC_NO_FALLBACK", message } as const;
  return realm === undefined ? common : { ...common, realm };
}

function isOutside(access: Access, userid: UserId): boolean {
  const realm = access.users.get(userid)?.realm;
  return userid !== access.ownUser && (realm === "pam" || realm === "pve");
}

/**
 * Those of today's administrators on `/` who are left when writes are gone through. What a plan
 * gives makes up for nothing that it takes: the one may be refused and the other done.
 */
class Watch {
  readonly left: Set<UserId>;
  readonly #state: AccessState;
  readonly #access: Access;
  readonly #now: number;
  readonly #counts: (userid: UserId) => boolean;
  readonly #administrator: Mask;

  constructor(access: Access, now: number, counts: (userid: UserId) => boolean) {
    this.#access = access;
    this.#state = stateOf(access);
    this.#now = now;
    this.#counts = counts;
    const { masks, everything } = this.#state.roles;
    this.#administrator = masks.get("Administrator") ?? everything;
    this.left = new Set([...access.users.keys()].filter((userid) => this.#isOne(userid)));
  }

  /** Does the write if somebody is left afterwards, or nobody was there before. */
  allows(write: Write): boolean {
    if (isGrant(write) || obstacle(this.#state, write) !== undefined) return true;
    const concerned = this.#concerned(write);
    const undo: Undo = apply(this.#state, write);
    const before = new Set(this.left);
    for (const userid of concerned) {
      if (!this.#isOne(userid)) this.left.delete(userid);
    }
    if (before.size === 0 || this.left.size > 0) return true;
    undo();
    for (const userid of before) this.left.add(userid);
    return false;
  }

  #concerned(write: Write): UserId[] {
    if ("userid" in write) return [write.userid];
    if (write.kind === "delete-group") return [...(this.#state.members.get(write.group) ?? [])];
    if (write.kind !== "acl" || write.path !== "/") return [];
    return write.groups.flatMap((group) => [...(this.#state.members.get(group) ?? [])]);
  }

  #isOne(userid: UserId): boolean {
    const user = this.#state.users.get(userid);
    if (user?.enabled !== true || !this.#counts(userid)) return false;
    const expire = this.#access.users.get(userid)?.expire ?? 0;
    if (expire !== 0 && expire <= this.#now) return false;
    if (userid === ROOT) return true;
    const held = rightsOf(this.#state, ROOT_ONLY, user)(0);
    return this.#administrator !== 0n && (held & this.#administrator) === this.#administrator;
  }
}

const ROOT_ONLY = universe([]);

/** NoAccess is the one role that takes away by being granted. */
function isGrant(write: Write): boolean {
  return write.kind === "acl" && !write.delete && write.role !== NO_ACCESS_ROLE;
}
