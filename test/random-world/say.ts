/** What Entra says about people, as the rules of taking away need it: a second opinion (P2, P4). */
import type { MappingConfig, RealmConfig } from "../../src/config/types.js";
import type { ObjectId, Person } from "../../src/decide/facts.js";
import { naiveUserid } from "./names.js";
import type { Hearing } from "./tenant.js";

/** One realm as a pass sees it. */
export interface RealmView {
  readonly realm: RealmConfig;
  readonly claim: string;
  readonly hearing: Hearing;
  /** People whose 404 an earlier pass heard. */
  readonly absentBefore: ReadonlySet<string>;
}

export const entraOf = (mapping: MappingConfig): readonly ObjectId[] =>
  mapping.entra as readonly ObjectId[];

export function nameIn({ claim, realm }: RealmView, person: Person): string | undefined {
  return naiveUserid(person, claim, realm.name);
}

/** The people whom the readable lists of a mapping give. */
export function listedIn({ hearing }: RealmView, mapping: MappingConfig): ReadonlySet<ObjectId> {
  return new Set(entraOf(mapping).flatMap((group) => [...(hearing.list(group) ?? [])]));
}

export function isWhole({ hearing }: RealmView, mapping: MappingConfig): boolean {
  return entraOf(mapping).every((group) => hearing.list(group) !== undefined);
}

/** Whose userid this is: the mark's, or by the name itself where that is one person's alone. */
export function bearer(
  view: RealmView,
  userid: string,
  mark: string | undefined,
): ObjectId | undefined {
  if (mark !== undefined) return mark as ObjectId;
  const { hearing, claim, realm } = view;
  const listed = realm.groups
    .flatMap((mapping) => [...listedIn(view, mapping)])
    .filter((id) => {
      const person = hearing.listed(id);
      return person !== undefined && nameIn(view, person) === userid;
    });
  const [only, ...others] = new Set(listed);
  if (only !== undefined) return others.length === 0 ? only : undefined;
  const value = userid.slice(0, -(realm.name.length + 1));
  if (claim === "oid") return value as ObjectId;
  const same = hearing.byName(claim === "email" ? "mail" : "userPrincipalName", value);
  return same.length === 1 ? same[0] : undefined;
}

/** Deleted, disabled, or gone twice: the person's own object alone takes everything away. */
export function isGone(view: RealmView, id: ObjectId): boolean {
  const own = view.hearing.own(id, []);
  if (own.kind === "deleted") return true;
  if (own.kind === "absent") return view.absentBefore.has(`id:${id}`);
  return own.kind === "person" && !own.person.accountEnabled;
}

/** Their own object gives them another name than this one. */
export function isRenamed(view: RealmView, id: ObjectId, userid: string): boolean {
  const own = view.hearing.own(id, []);
  return own.kind === "person" && nameIn(view, own.person) !== userid;
}

/** Both sides say that they are in none of the mapping's groups. */
export function isOut(view: RealmView, mapping: MappingConfig, id: ObjectId): boolean {
  if (!isWhole(view, mapping) || listedIn(view, mapping).has(id)) return false;
  const own = view.hearing.own(id, entraOf(mapping));
  return (
    own.kind === "person" && own.memberOf.size === 0 && own.asked.size === mapping.entra.length
  );
}

/** Their own object says that they may not be in it: a guest, or without a possible userid. */
export function isRuledOut(view: RealmView, id: ObjectId): boolean {
  const own = view.hearing.own(id, []);
  if (own.kind !== "person") return false;
  return own.person.guest || nameIn(view, own.person) === undefined;
}

/** A name that another person bears now, by the lists and by that person's own object. */
export function isReused(view: RealmView, userid: string, id: ObjectId): boolean {
  const others = view.realm.groups.flatMap((mapping) => [...listedIn(view, mapping)]);
  return others.some((other) => {
    const listed = view.hearing.listed(other);
    const own = view.hearing.own(other, []);
    return (
      other !== id &&
      listed !== undefined &&
      nameIn(view, listed) === userid &&
      own.kind === "person" &&
      nameIn(view, own.person) === userid
    );
  });
}
