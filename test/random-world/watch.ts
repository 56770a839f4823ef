/**
 * Watches every write of a pass by rules of its own: nobody holds more than old and new (P3), what
 * is not ours stays (P6), there is a way in (P7), nobody loses on one side's word (P4), and no day
 * takes more from a group than the guard lets through (P5).
 */
import type { Config, MappingConfig } from "../../src/config/types.js";
import type { UserId } from "../../src/decide/facts.js";
import { AGENT_USER } from "../emulators/pve/default-world.js";
import type { UserCfg } from "../emulators/pve/oracle.js";
import { makeDesired } from "./desired.js";
import { difference, entryKey } from "./diff.js";
import type { Difference } from "./diff.js";
import { naiveMark, realmOf } from "./names.js";
import type { Sent } from "./pve.js";
import { isAdministrator, parsed, placesOf, Rights, waysIn } from "./rights.js";
import { bearer, entraOf, isGone, isOut, isRenamed, isReused, isRuledOut, nameIn } from "./say.js";
import type { RealmView } from "./say.js";
import type { LivingSite, Look } from "./site.js";
import type { Hearing } from "./tenant.js";

const DAY = 24 * 3_600_000;

interface Bounds {
  readonly old: Rights;
  readonly next: Rights;
  readonly places: readonly string[];
  readonly reborn: Set<string>;
}

/** Somebody lost a group on Entra's or the configuration's word, and nobody had approved it. */
interface Loss {
  readonly at: number;
  readonly userid: string;
  readonly what: string;
}

export class Watcher {
  readonly #site: LivingSite;
  /** Entries that were ever sent to PVE since the journal began. */
  readonly #wrote = new Set<string>();
  readonly #losses: Loss[] = [];
  #bounds: Bounds | undefined;
  #look: Look | undefined;
  /** The file as it was looked at. */
  #read: UserCfg | undefined;
  #hearing: Hearing;
  /** What was wrong; the program itself would take what is thrown here for PVE's trouble. */
  wrong: string | undefined;

  constructor(site: LivingSite, hearing: Hearing) {
    this.#site = site;
    this.#hearing = hearing;
  }

  hears(hearing: Hearing): void {
    this.#hearing = hearing;
  }

  forget(): void {
    this.#wrote.clear();
  }

  look(look: Look): void {
    this.#look = look;
    const now = this.#site.clock.now();
    const old = parsed(look.userCfg);
    this.#read = old;
    const next = makeDesired(parsed(look.userCfg), look.plan);
    this.#bounds = {
      old: new Rights(old, now),
      next: new Rights(next, now),
      places: placesOf(old, next),
      reborn: new Set(),
    };
  }

  write(sent: Sent, before: string, after: string): void {
    try {
      this.#judge(sent, before, after);
    } catch (error) {
      this.wrong ??= `the watcher itself: ${error instanceof Error ? (error.stack ?? "") : String(error)}`;
    }
  }

  #judge(sent: Sent, before: string, after: string): void {
    this.#noteEntries(sent);
    const [old, now] = [parsed(before), parsed(after)];
    const changed = difference(old, now);
    const wrong = [
      ...this.#tooMuch(now, changed),
      ...this.#noWayIn(old, now, changed),
      ...this.#notOurs(old, now, changed),
      ...this.#tooMany(old, changed),
    ];
    for (const kind of ["role:", "pool:"]) {
      if (linesOf(before, kind) !== linesOf(after, kind)) wrong.push(`P6: a ${kind} changed`);
    }
    if (wrong.length > 0) {
      const { method, path, form } = sent;
      const params = [...new URLSearchParams(form)].map(([name, value]) => `${name}=${value}`);
      this.wrong ??= `${method} ${decodeURIComponent(path)} ${params.join(" ")}\n${wrong.join("\n")}`;
    }
  }

  /** An entry is ours from the first try to write it. */
  #noteEntries({ path, form }: Sent): void {
    const params = new URLSearchParams(form);
    if (path !== "/access/acl" || params.get("delete") === "1") return;
    for (const holder of (params.get("groups") ?? "").split(",")) {
      this.#wrote.add(
        entryKey({ path: params.get("path") ?? "", holder, role: params.get("roles") ?? "" }),
      );
    }
  }

  // -------------------------------------------------------------- P3

  #tooMuch(now: UserCfg, changed: Difference): string[] {
    const bounds = this.#bounds;
    if (bounds === undefined) return ["a write before anything was decided"];
    for (const { userid, to } of changed.users) if (to === undefined) bounds.reborn.add(userid);
    const aclChanged =
      changed.entriesGone.length + changed.entriesMade.length + changed.entriesTurned.length > 0;
    const concerned = aclChanged
      ? [...now.users.keys()]
      : [
          ...changed.users.map(({ userid }) => userid),
          ...changed.gained.map(({ userid }) => userid),
          ...changed.lost.map(({ userid }) => userid),
        ];
    const rights = new Rights(now, this.#site.clock.now());
    for (const userid of new Set(concerned)) {
      for (const path of bounds.places) {
        const old = bounds.reborn.has(userid) ? undefined : bounds.old.of(userid, path);
        const next = bounds.next.of(userid, path);
        for (const privilege of rights.of(userid, path)) {
          if (old?.has(privilege) === true || next.has(privilege)) continue;
          return [
            `P3: ${userid} has ${privilege} at ${path}, which neither before nor after gives`,
          ];
        }
      }
    }
    return [];
  }

  // -------------------------------------------------------------- P7

  #noWayIn(old: UserCfg, now: UserCfg, changed: Difference): string[] {
    const time = this.#site.clock.now();
    const had = waysIn(old, AGENT_USER, time);
    if (had.length > 0) {
      return waysIn(now, AGENT_USER, time).length > 0
        ? []
        : [`P7: ${had.join()} was the last way in`];
    }
    const wrong: string[] = [];
    const gives =
      changed.gained.length +
      changed.entriesMade.filter(({ role }) => role !== "NoAccess").length +
      changed.users.filter(({ from }) => from === undefined).length;
    if (gives > 0) wrong.push("P7: something is given although there is no way in");
    const admins = (file: UserCfg): string[] =>
      [...file.users.keys()].filter(
        (one) => one !== AGENT_USER && isAdministrator(file, one, time),
      );
    if (admins(old).length > 0 && admins(now).length === 0) {
      wrong.push(`P7: ${admins(old).join()} was the last administrator`);
    }
    return wrong;
  }

  // -------------------------------------------------------------- P6 and P4

  #notOurs(old: UserCfg, now: UserCfg, changed: Difference): string[] {
    return [
      ...changed.users.flatMap((one) => this.#userWrong(old, one)),
      ...changed.lost.flatMap(({ userid, group }) => this.#lossWrong(old, now, userid, group)),
      ...changed.gained.flatMap(({ userid, group }) => this.#gainWrong(old, userid, group)),
      ...changed.groupsMade
        .filter((group) => this.#mapping(group) === undefined)
        .map((group) => `P6: makes the group ${group} that no mapping names`),
      ...changed.groupsEdited
        .filter((group) => !this.#isApproved("adopt-group", ["", group]))
        .map((group) => `P6: takes over ${group} without an approval`),
      ...changed.groupsGone.flatMap((group) => this.#groupGoneWrong(old, group)),
      ...this.#entriesWrong(old, changed),
    ];
  }

  #userWrong(old: UserCfg, { userid, from, to }: Difference["users"][number]): string[] {
    const view = this.#view(userid);
    if (view === undefined || userid === AGENT_USER) return [`P6: ${userid} is not ours`];
    if (from === undefined) return [];
    // Where the comment had no room for a longer mark, the write before this one has left it out.
    const read = this.#read?.users.get(userid)?.comment ?? "";
    const mark = naiveMark(from.comment ?? "") ?? (to === undefined ? naiveMark(read) : undefined);
    if (to === undefined) {
      // Of a mapping once: whoever took the mark away, or had it taken, gains nothing by it.
      const known = this.#look?.facts.history.knownUsers.has(userid as UserId) === true;
      const whose = mark?.id ?? (known ? bearer(view, userid, undefined) : undefined);
      if (whose === undefined) return [`P6: deletes ${userid}, who has no mark`];
      return this.#mayClose(view, userid, whose) ? [] : [`P4: deletes ${userid} unconfirmed`];
    }
    const wrong: string[] = [];
    const stays = (user: typeof from): string =>
      JSON.stringify([user.expire, user.keys, [...(user.tokens ?? [])]]);
    if (stays(from) !== stays(to)) wrong.push(`P6: expire, keys or tokens of ${userid} changed`);
    if (textOf(from.comment) !== textOf(to.comment))
      wrong.push(`P6: people's comment on ${userid}`);
    if (!from.enable && to.enable && mark?.left === undefined && mark?.moment !== true) {
      wrong.push(`P6: enables ${userid}, whom we did not disable`);
    }
    const forMoment = naiveMark(to.comment ?? "")?.moment === true;
    const id = bearer(view, userid, mark?.id);
    if (from.enable && !to.enable && !forMoment) {
      const closes =
        mark === undefined
          ? this.#mayDisableUnmarked(view, userid, old)
          : this.#mayClose(view, userid, mark.id);
      if (!closes) wrong.push(`P4: disables ${userid} (${id ?? "unknown"}) unconfirmed`);
    }
    return wrong;
  }

  /** An account outside all mappings, of somebody gone, renamed, or of whose name another has. */
  #mayClose(view: RealmView, userid: string, id: string): boolean {
    const who = id as Parameters<typeof isGone>[1];
    if (isGone(view, who) || isRenamed(view, who, userid) || isReused(view, userid, who))
      return true;
    const { groups } = view.realm;
    return groups.every(
      (mapping) =>
        isOut(view, mapping, who) || isRuledOut(view, who) || this.#guestIn(view, mapping, who),
    );
  }

  #mayDisableUnmarked(view: RealmView, userid: string, old: UserCfg): boolean {
    const inOurs = [...old.groups].some(
      ([group, { users }]) => users.has(userid) && this.#mapping(group) !== undefined,
    );
    const id = bearer(view, userid, undefined);
    const listed = view.realm.groups.some((one) =>
      entraOf(one).some((group) => id !== undefined && this.#hearing.list(group)?.has(id)),
    );
    const known = this.#look?.facts.history.knownUsers.has(userid as UserId) === true;
    const ours = inOurs || listed || known || this.#inMarked(old, userid);
    if (!ours && view.realm.unmarked !== "disable") return false;
    // Of a mapping once, and in none any more: whoever took the mark away gains nothing by it.
    if (known && id !== undefined && view.realm.groups.every((one) => isOut(view, one, id))) {
      return true;
    }
    if (id === undefined) return this.#unknownTwice(view, userid);
    return isGone(view, id) || (view.claim === "oid" && this.#unknownTwice(view, userid));
  }

  #inMarked(old: UserCfg, userid: string): boolean {
    return [...old.groups.values()].some(
      ({ users, comment }) =>
        users.has(userid) && (comment ?? "").endsWith(`[entra:${realmOf(userid)}]`),
    );
  }

  /** A name that nobody has, heard in two passes; one that nobody can have needs no asking. */
  #unknownTwice(view: RealmView, userid: string): boolean {
    const value = userid.slice(0, -(view.realm.name.length + 1));
    if (view.claim === "oid") {
      return (
        !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value) ||
        view.absentBefore.has(`id:${value}`)
      );
    }
    const property = view.claim === "email" ? "mail" : "userPrincipalName";
    return view.absentBefore.has(`${property}:${value.toLowerCase()}`);
  }

  #lossWrong(old: UserCfg, now: UserCfg, userid: string, group: string): string[] {
    // A group's line may name whom PVE does not have: nobody loses anything.
    if (!old.users.has(userid)) return [];
    const view = this.#view(userid);
    if (view === undefined) return [`P6: ${userid} of another realm leaves ${group}`];
    const deleted = !now.users.has(userid);
    if (
      !this.#isOurs(old, group, view) &&
      !deleted &&
      !this.#isApproved("leave", [userid, group])
    ) {
      return [`P6: ${userid} leaves ${group}, which is not ours`];
    }
    const mapping = view.realm.groups.find(({ name }) => name === group);
    if (mapping === undefined || deleted) return [];
    const mark = naiveMark(old.users.get(userid)?.comment ?? "")?.id;
    return this.#mayLose(view, userid, mark, mapping)
      ? []
      : [`P4: ${userid} leaves ${group} unconfirmed`];
  }

  #mayLose(
    view: RealmView,
    userid: string,
    mark: string | undefined,
    mapping: MappingConfig,
  ): boolean {
    const id = bearer(view, userid, mark);
    if (id === undefined) return this.#unknownTwice(view, userid);
    if (isGone(view, id) || isOut(view, mapping, id)) return true;
    if (isRenamed(view, id, userid) || isReused(view, userid, id)) return true;
    if (mark === undefined && this.#unknownTwice(view, userid)) return true;
    return (
      isRuledOut(view, id) &&
      (view.realm.guests === "skip" || this.#nameless(view, id) || this.#guestIn(view, mapping, id))
    );
  }

  #nameless(view: RealmView, id: Parameters<typeof isGone>[1]): boolean {
    const own = view.hearing.own(id, []);
    return own.kind === "person" && nameIn(view, own.person) === undefined;
  }

  /** A guest by their own object, in a mapping that lets none in. */
  #guestIn(view: RealmView, mapping: MappingConfig, id: Parameters<typeof isGone>[1]): boolean {
    const own = view.hearing.own(id, []);
    return own.kind === "person" && own.person.guest && mapping.guests !== "allow";
  }

  #gainWrong(old: UserCfg, userid: string, group: string): string[] {
    const view = this.#view(userid);
    const mapping = view?.realm.groups.find(({ name }) => name === group);
    if (view === undefined || mapping === undefined) return [`P6: ${userid} joins ${group}`];
    const wrong: string[] = [];
    const comment = old.groups.get(group)?.comment ?? "";
    if (!comment.endsWith(`[entra:${view.realm.name}]`))
      wrong.push(`P6: ${userid} joins ${group}, which has no mark`);
    const listed = entraOf(mapping).some((entra) =>
      [...(this.#hearing.list(entra) ?? [])].some((id) => {
        const person = this.#hearing.listed(id);
        if (person === undefined || !person.accountEnabled) return false;
        const welcome = !person.guest || view.realm.guests === "allow";
        return welcome && nameIn(view, person) === userid;
      }),
    );
    if (!listed) wrong.push(`P6: ${userid} joins ${group}, and no list has them`);
    return wrong;
  }

  #groupGoneWrong(old: UserCfg, group: string): string[] {
    const found = old.groups.get(group);
    const realm = this.#site.config.realms.find(({ name }) =>
      (found?.comment ?? "").endsWith(`[entra:${name}]`),
    );
    if (this.#mapping(group)?.adopt === true)
      return [`P6: deletes ${group}, which a mapping takes over`];
    if (realm === undefined || realm.groups.some(({ name }) => name === group))
      return [`P6: deletes ${group}`];
    // Whose own leaving PVE refused loses the group with it, as was meant; nobody else may be left.
    const others = [...(found?.users ?? [])].filter(
      (userid) => old.users.has(userid) && realmOf(userid) !== realm.name,
    );
    return others.length === 0 ? [] : [`P6: deletes ${group} with ${others.join()} in it`];
  }

  #entriesWrong(old: UserCfg, changed: Difference): string[] {
    const wrong: string[] = [];
    const deleted = new Set(
      changed.users.filter(({ to }) => to === undefined).map(({ userid }) => userid),
    );
    for (const { kind, holder, path, role } of changed.entriesGone) {
      const what = `${role} of ${holder} at ${path}`;
      if (kind !== "groups") {
        if (!deleted.has(holder.split("!")[0] ?? "")) wrong.push(`P6: takes ${what}`);
        continue;
      }
      const ours = this.#wrote.has(entryKey({ path, holder, role }));
      if (!ours && !this.#isApproved("revoke", [holder, `${path}:${role}`]))
        wrong.push(`P6: takes ${what}, which we did not give`);
      const mapping = this.#mapping(holder, old);
      if (mapping !== undefined && mapping.acl === undefined)
        wrong.push(`P6: takes ${what}, whose ACL is not ours`);
    }
    for (const { kind, holder, path, role, propagate } of [
      ...changed.entriesMade,
      ...changed.entriesTurned,
    ]) {
      const wanted = this.#mapping(holder)?.acl?.some(
        (one) => one.path === path && one.role === role && one.propagate === propagate,
      );
      const marked = /\[entra:[^\]]+\]$/.test(old.groups.get(holder)?.comment ?? "");
      if (kind !== "groups" || wanted !== true || !marked)
        wrong.push(`P6: gives ${role} to ${holder} at ${path}`);
    }
    return wrong;
  }

  /** Marked, known to the journal, or let through. */
  #isOurs(old: UserCfg, group: string, view: RealmView): boolean {
    const comment = old.groups.get(group)?.comment ?? "";
    const known = this.#look?.facts.history.ownGroups.has(group) === true;
    return (
      comment.endsWith(`[entra:${view.realm.name}]`) ||
      (known && this.#mapping(group) !== undefined)
    );
  }

  /** Whether an approval in force names a change of this kind with all of these parts. */
  #isApproved(kind: string, parts: readonly string[]): boolean {
    const approvals = this.#look?.facts.history.approvals ?? [];
    return approvals
      .flatMap(({ keys }) => [...keys])
      .map((key) => key.split("|"))
      .some(
        ([what, ...rest]) =>
          what === kind &&
          parts.every((part) =>
            rest.some((one) => one === part || (part.includes(":") && one.startsWith(`${part}:`))),
          ),
      );
  }

  // -------------------------------------------------------------- P5

  #tooMany(old: UserCfg, changed: Difference): string[] {
    const now = this.#site.clock.now();
    const limit = this.#site.config.guard;
    const wrong: string[] = [];
    for (const { userid, group } of changed.lost) {
      const view = this.#view(userid);
      const mapping = view?.realm.groups.find(({ name }) => name === group);
      if (view === undefined || mapping?.justInTime === true) continue;
      if (this.#isApproved("leave", [userid, group]) || this.#isApproved("delete-user", [userid]))
        continue;
      const mark = naiveMark(old.users.get(userid)?.comment ?? "")?.id;
      const id = bearer(view, userid, mark);
      // Who is disabled, renamed or followed by another is counted by other limits.
      if (id === undefined || isGone(view, id) || isReused(view, userid, id)) continue;
      if (isRenamed(view, id, userid)) continue;
      if (mark === undefined && this.#unknownTwice(view, userid)) continue;
      this.#losses.push({ at: now, userid, what: group });
      const lately = this.#losses.filter((one) => one.what === group && now - one.at < DAY);
      const people = new Set(lately.map((one) => one.userid));
      if (people.size > limit.maxRemovals) {
        wrong.push(
          `P5: ${[...people].join()} left ${group} within a day, at most ${limit.maxRemovals} may`,
        );
      }
    }
    return wrong;
  }

  // -------------------------------------------------------------- words

  /** The mapping of a name; with `old`, not that of another realm than the one in the group's mark. */
  #mapping(group: string, old?: UserCfg): MappingConfig | undefined {
    const { realms } = this.#site.config;
    const comment = old?.groups.get(group)?.comment ?? "";
    const marking = realms.filter(({ name }) => comment.endsWith(`[entra:${name}]`));
    const candidates = marking.length > 0 ? marking : realms;
    return candidates.flatMap(({ groups }) => groups).find(({ name }) => name === group);
  }

  #view(userid: string): RealmView | undefined {
    return viewOf(this.#site, this.#hearing, realmOf(userid), this.#look);
  }
}

export function viewOf(
  site: LivingSite,
  hearing: Hearing,
  realm: string,
  look: Look | undefined,
): RealmView | undefined {
  const found = site.config.realms.find(({ name }) => name === realm);
  const absentBefore = look?.facts.history.absentBefore ?? new Set<string>();
  const claim = site.claims.get(realm) ?? "upn";
  return found && { realm: found, claim, hearing, absentBefore };
}

export function mappingsOf({ realms }: Config): readonly MappingConfig[] {
  return realms.flatMap(({ groups }) => groups);
}

function textOf(comment = ""): string {
  return naiveMark(comment)?.text ?? comment;
}

function linesOf(userCfg: string, kind: string): string {
  return userCfg
    .split("\n")
    .filter((line) => line.startsWith(kind))
    .join("\n");
}
