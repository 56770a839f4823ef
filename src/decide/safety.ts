/**
 * Whether a write keeps everybody within old ∪ new (P3). `old` is the access as read, `next` the
 * full desired state, held changes included; both are looked at place by place of the universe.
 */
import { privilegesOf, type Mask } from "./acl-tree.js";
import type { AclPath, GroupId, Privilege, UserId } from "./facts.js";
import type { Write } from "./plan.js";
import { rightsOf, rightsVector } from "./privileges.js";
import { apply, type AccessState, type StateUser } from "./simulation.js";
import { placesBelow, type Place, type Universe } from "./universe.js";

/** Somebody would hold more at this place than before and after. */
export interface Excess {
  readonly userid: UserId;
  readonly place: Place;
  readonly privileges: readonly Privilege[];
}

/** Whom and where a write can change. */
interface Scope {
  readonly users: Iterable<UserId>;
  /** Undefined: every place. */
  readonly places: readonly Place[] | undefined;
}

/** Users of the same kin have the same rights in one state; 0: none at all. */
type Kin = number;

/** Two kins in one number: there are far fewer than this. */
const PAIR = 2 ** 24;

const NOBODY: Scope = { users: [], places: [] };

export class Safety {
  /** The state as it is now; writes are tried on it and undone. */
  readonly state: AccessState;
  readonly all: Universe;
  readonly #old: AccessState;
  readonly #next: AccessState;
  readonly #everywhere: readonly Place[];
  readonly #oldVectors = new Map<Kin, readonly Mask[]>();
  readonly #nextVectors = new Map<Kin, readonly Mask[]>();
  readonly #bounds = new Map<Kin, readonly Mask[]>();
  readonly #now = new Map<Kin, readonly Mask[]>();
  #nowVersion = -1;
  readonly #named: ReadonlySet<string>;
  readonly #kinByName = new Map<string, Kin>();
  readonly #kin = new WeakMap<StateUser, Kin>();
  readonly #boundKin = new Map<UserId, Kin>();

  constructor(state: AccessState, old: AccessState, next: AccessState, all: Universe) {
    this.state = state;
    this.all = all;
    this.#old = old;
    this.#next = next;
    this.#everywhere = Array.from({ length: all.size }, (_, place) => place);
    this.#named = new Set(
      [...old.acl.values(), ...next.acl.values()].flatMap((node) => [...node.users.keys()]),
    );
  }

  /** Somebody who would hold too much right after the write, or nobody. */
  excess(write: Write): Excess | undefined {
    for (const found of this.#excesses(write)) return found;
    return undefined;
  }

  /** Everybody who would hold too much right after the write. */
  violators(write: Write): UserId[] {
    return [...this.#excesses(write)].map((found) => found.userid);
  }

  /** Whether the user's rights after the write are just the desired ones, everywhere. */
  isDesired(write: Write, userid: UserId): boolean {
    const undo = apply(this.state, write);
    const now = this.#nowVector(this.state.users.get(userid));
    undo();
    const next = this.#vector(this.#nextVectors, this.#next, userid);
    return now === next || now.every((mask, place) => mask === next[place]);
  }

  /** The user as the desired state has them. */
  desired(userid: UserId): StateUser | undefined {
    return this.#next.users.get(userid);
  }

  /** Whether the group is to have a role at this very path that it does not have yet. */
  isGrantToCome(path: AclPath, group: GroupId): boolean {
    const has = this.state.acl.get(path)?.groups.get(group)?.roles;
    const wanted = this.#next.acl.get(path)?.groups.get(group)?.roles.keys() ?? [];
    return [...wanted].some((role) => has?.has(role) !== true);
  }

  *#excesses(write: Write): Generator<Excess> {
    const scope = this.#scope(write);
    const undo = apply(this.state, write);
    try {
      const seen = new Set<number>();
      for (const userid of scope.users) {
        const user = this.state.users.get(userid);
        if (user?.enabled !== true) continue;
        const found = this.#excessOf(user, scope.places, seen);
        if (found !== undefined) yield found;
      }
    } finally {
      undo();
    }
  }

  /** People alike in groups, entries and bounds are looked at once: only the first is named. */
  #excessOf(
    user: StateUser,
    places: readonly Place[] | undefined,
    seen: Set<number>,
  ): Excess | undefined {
    const alike = this.#kinOf(user) * PAIR + this.#boundKinOf(user.userid);
    if (seen.has(alike)) return undefined;
    const bound = this.#bound(user.userid);
    const now = places === undefined ? this.#nowVector(user) : undefined;
    const at = now === undefined ? rightsOf(this.state, this.all, user) : undefined;
    for (const place of places ?? this.#everywhere) {
      const mask = now?.[place] ?? at?.(place) ?? 0n;
      const most = bound[place] ?? 0n;
      // Comparing makes no new number, which counts over a whole cluster's people and paths.
      if (mask === 0n || mask === most) continue;
      const over = mask & ~most;
      if (over === 0n) continue;
      return { userid: user.userid, place, privileges: privilegesOf(this.state.roles, over) };
    }
    seen.add(alike);
    return undefined;
  }

  #scope(write: Write): Scope {
    switch (write.kind) {
      case "create-user":
      case "update-user":
      case "delete-user":
        return { users: [write.userid], places: undefined };
      case "create-group":
      case "update-group":
        return NOBODY;
      case "delete-group":
        return { users: [...(this.state.members.get(write.group) ?? [])], places: undefined };
      case "acl": {
        const users = new Set<UserId>();
        for (const group of write.groups) {
          for (const userid of this.state.members.get(group) ?? []) users.add(userid);
        }
        return { users, places: placesBelow(this.all, write.path) };
      }
    }
  }

  /**
   * What somebody may hold in between. Whoever bears a userid that was deleted in between is
   * another person: nothing of the predecessor counts.
   */
  #bound(userid: UserId): readonly Mask[] {
    const next = this.#vector(this.#nextVectors, this.#next, userid);
    if (this.state.deleted.has(userid)) return next;
    return remember(this.#bounds, this.#boundKinOf(userid), () => {
      const old = this.#vector(this.#oldVectors, this.#old, userid);
      return old.map((mask, place) => mask | (next[place] ?? 0n));
    });
  }

  #boundKinOf(userid: UserId): Kin {
    const next = this.#kinOf(this.#next.users.get(userid));
    // Only for one that was deleted in between, so that it needs no number of its own.
    if (this.state.deleted.has(userid)) return -next;
    const known = this.#boundKin.get(userid);
    if (known !== undefined) return known;
    const kin = this.#intern(`${this.#kinOf(this.#old.users.get(userid))} ${next}`);
    this.#boundKin.set(userid, kin);
    return kin;
  }

  #vector(cache: Map<Kin, readonly Mask[]>, state: AccessState, userid: UserId): readonly Mask[] {
    const user = state.users.get(userid);
    return remember(cache, this.#kinOf(user), () => rightsVector(state, this.all, user));
  }

  #nowVector(user: StateUser | undefined): readonly Mask[] {
    if (this.#nowVersion !== this.state.aclVersion) this.#now.clear();
    this.#nowVersion = this.state.aclVersion;
    return remember(this.#now, this.#kinOf(user), () => rightsVector(this.state, this.all, user));
  }

  #kinOf(user: StateUser | undefined): Kin {
    if (user?.enabled !== true) return 0;
    const known = this.#kin.get(user);
    if (known !== undefined) return known;
    const own = user.userid === "root@pam" || this.#named.has(user.userid) ? user.userid : "";
    const kin = this.#intern(`${own}\n${user.groupKey}`);
    this.#kin.set(user, kin);
    return kin;
  }

  #intern(name: string): Kin {
    const known = this.#kinByName.get(name);
    if (known !== undefined) return known;
    const kin = this.#kinByName.size + 1;
    this.#kinByName.set(name, kin);
    return kin;
  }
}

function remember(
  cache: Map<Kin, readonly Mask[]>,
  key: Kin,
  make: () => readonly Mask[],
): readonly Mask[] {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}
