/** How one PVE user of a realm stands: whom Entra says it is, and whether they still are. */
import type { Finding } from "../errors.js";
import type { Frame } from "./frame.js";
import type { ObjectId, OwnSide, Person, PveUser, Question, UserId } from "./facts.js";
import { questionKey } from "./facts.js";
import { parseUserMark } from "./mark.js";
import type { UserMark } from "./mark.js";
import { mappingsOf, readGroups, skipIn } from "./roster.js";
import type { Mapping } from "./roster.js";
import { useridOf, whoIs } from "./userid.js";

export type Standing = {
  readonly user: PveUser;
  /** The comment without our mark. */
  readonly text: string;
  readonly mark?: UserMark;
  /** What the person's own side said; undefined: there was no need to ask. */
  readonly own?: OwnSide;
  readonly question?: Question["who"];
  /** Another person seems to have this name, and it is not certain yet. */
  readonly contested?: Finding;
} & (
  | { readonly state: "active"; readonly id: ObjectId; readonly person: Person }
  | {
      readonly state: "gone";
      readonly because: "disabled" | "deleted";
      readonly id?: ObjectId;
      readonly person?: Person;
    }
  | { readonly state: "renamed"; readonly id: ObjectId; readonly person: Person }
  | { readonly state: "reused"; readonly id: ObjectId; readonly successor: ObjectId }
  /** Nothing is known for certain: stays as it is. */
  | { readonly state: "unsure"; readonly finding?: Finding }
  /** Disabled, with nothing of ours and nothing to come: nobody needs to ask. */
  | { readonly state: "asleep"; readonly id: ObjectId }
);

/** The mapped Entra groups of a user's PVE groups, where a list that was read whole lacks them. */
function doubtedGroups(frame: Frame, user: PveUser, id: ObjectId | undefined): readonly ObjectId[] {
  return mappingsOf(frame.roster, user)
    .filter(({ complete }) => complete)
    .filter(({ listed }) => id === undefined || !listed.has(id))
    .flatMap(({ entra }) => entra);
}

/** @param wanted further Entra groups about which this person's own side must speak */
export function standingOf(
  frame: Frame,
  user: PveUser,
  wanted: readonly ObjectId[],
  mustAsk: boolean,
): Standing {
  const { text, mark } = parseUserMark(user.comment);
  const plain = { user, text, ...(mark === undefined ? {} : { mark }) };
  const holder = frame.roster.holders.get(user.userid);
  const taken =
    mark !== undefined && holder !== undefined && holder !== mark.id
      ? reused(frame, user, mark.id, holder)
      : undefined;
  if (taken?.state === "reused") return { ...plain, ...taken };
  const base = { ...plain, ...(taken === undefined ? {} : { contested: taken.finding }) };
  const listedAs = mark === undefined ? undefined : frame.roster.people.get(mark.id);
  if (taken !== undefined && listedAs !== undefined) {
    return { ...plain, ...listedWithout(frame, user, listedAs, taken) };
  }
  const id = mark?.id ?? holder;
  if (id === undefined) {
    return { ...base, ...unmarked(frame, user, [...doubtedGroups(frame, user, id), ...wanted]) };
  }
  const listed = frame.roster.people.get(id);
  if (!mustAsk && listed !== undefined && sleeps(frame, user, listed)) {
    return { ...base, state: "asleep", id };
  }
  const doubted = doubtedGroups(frame, user, id);
  // Who may have left everything is asked about everything at once: the account is to go with the
  // last membership, in one write, for a later pass no longer knows what that membership was.
  const leaves = mark !== undefined && listed === undefined && doubted.length > 0;
  const groups = [...(leaves ? readGroups(frame.roster) : doubted), ...wanted];
  const who = { by: "id", id } as const;
  const asked = { ...base, question: who };
  const inDoubt =
    mustAsk ||
    groups.length > 0 ||
    (listed === undefined ? user.enable : doubtful(frame, user, listed));
  if (!inDoubt) {
    if (listed === undefined) return { ...base, state: "asleep", id };
    return { ...base, state: "active", id, person: listed };
  }
  const own = frame.ask.own(who, groups);
  if (own.kind === "unknown" && listed !== undefined && !doubtful(frame, user, listed)) {
    return { ...asked, own, state: "active", id, person: listed };
  }
  return { ...asked, own, ...judge(frame, user, id, listed, own) };
}

/** Nothing to take from this user, and nothing to give: disabled in Entra, or of another name. */
function sleeps(frame: Frame, user: PveUser, listed: Person): boolean {
  if (user.enable || holdsOurs(frame, user)) return false;
  return !listed.accountEnabled || frame.roster.userids.get(listed.id) !== user.userid;
}

function holdsOurs({ roster }: Frame, user: PveUser): boolean {
  return user.groups.some((group) => roster.byName.has(group));
}

/** The list says something that would take away: only the person's own object may confirm it. */
function doubtful(frame: Frame, user: PveUser, listed: Person): boolean {
  if (!listed.accountEnabled) return true;
  if (frame.roster.userids.get(listed.id) !== user.userid) return true;
  return mappingsOf(frame.roster, user).some(
    (mapping) => skipIn(frame.roster, mapping, listed)?.left === true,
  );
}

type Judgement =
  | { state: "active"; id: ObjectId; person: Person }
  | { state: "gone"; because: "disabled" | "deleted"; id: ObjectId; person?: Person }
  | { state: "renamed"; id: ObjectId; person: Person }
  | { state: "unsure"; finding?: Finding };

function judge(
  frame: Frame,
  user: PveUser,
  id: ObjectId,
  listed: Person | undefined,
  own: OwnSide,
): Judgement {
  switch (own.kind) {
    case "unknown":
      return { state: "unsure", finding: own.finding };
    case "deleted":
      return { state: "gone", because: "deleted", id };
    case "absent":
      return confirmedAbsent(frame, { by: "id", id })
        ? { state: "gone", because: "deleted", id }
        : unsure(user, "their object was not found; the next pass looks again");
    case "person":
      return judgePerson(frame, user, id, listed, own.person);
  }
}

function judgePerson(
  frame: Frame,
  user: PveUser,
  id: ObjectId,
  listed: Person | undefined,
  person: Person,
): Judgement {
  if (!person.accountEnabled) return { state: "gone", because: "disabled", id, person };
  if (listed !== undefined && !listed.accountEnabled) {
    return unsure(user, "the group's list says disabled, their own object does not");
  }
  const { claim, realm } = frame.roster;
  const named = claim === undefined ? undefined : useridOf(person, claim, realm.name);
  if (named?.ok !== true || named.userid === user.userid) return { state: "active", id, person };
  if (listed !== undefined && frame.roster.userids.get(id) === user.userid) {
    return unsure(user, "the group's list has this name, their own object another");
  }
  return { state: "renamed", id, person };
}

/** Two people, one name: certain only when both own objects say so. */
function reused(
  frame: Frame,
  user: PveUser,
  id: ObjectId,
  successor: ObjectId,
): { state: "reused"; id: ObjectId; successor: ObjectId } | { state: "unsure"; finding: Finding } {
  const gives = (frame.roster.listing.get(successor) ?? []).flatMap(({ readable }) => readable);
  const old = frame.ask.own({ by: "id", id }, []);
  const fresh = frame.ask.own({ by: "id", id: successor }, gives);
  const lost =
    old.kind === "deleted" ||
    (old.kind === "absent" && confirmedAbsent(frame, { by: "id", id })) ||
    (old.kind === "person" && nameOf(frame, old.person) !== user.userid);
  const taken = fresh.kind === "person" && nameOf(frame, fresh.person) === user.userid;
  if (lost && taken) return { state: "reused", id, successor };
  return unsure(user, "two people seem to have this name");
}

/**
 * Whom the lists have, and whose name they give to another: who has it is not known, so nothing is
 * given; but an account ends whoever has the name, where its person is disabled or deleted, or is
 * called otherwise by the list and by their own object.
 */
function listedWithout(
  frame: Frame,
  user: PveUser,
  listed: Person,
  taken: { state: "unsure"; finding: Finding },
): Pick<Standing, "own" | "question" | "contested"> & Judgement {
  const question = { by: "id", id: listed.id } as const;
  const own = frame.ask.own(question, []);
  const judged = judge(frame, user, listed.id, listed, own);
  const ends = judged.state === "gone" || judged.state === "renamed";
  return ends ? { own, question, contested: taken.finding, ...judged } : taken;
}

/** A user without a mark whom no list gives: asked by name. */
function unmarked(frame: Frame, user: PveUser, groups: readonly ObjectId[]): Unmarked {
  const { claim, realm } = frame.roster;
  const question = claim && whoIs(user.userid, realm.name, claim);
  const holds = holdsOurs(frame, user);
  if (!user.enable && !holds) return { state: "unsure" };
  if (question === undefined) {
    // With an `oid` claim a name that is no GUID can be nobody's: nobody signs in as this user.
    if (claim?.property === "id") return { state: "gone", because: "deleted" };
    return holds ? unsure(user, "Entra cannot be asked for this name") : { state: "unsure" };
  }
  const own = frame.ask.own(question, groups);
  const asked = { question, own };
  switch (own.kind) {
    case "unknown":
      return { ...asked, state: "unsure", finding: own.finding };
    case "deleted":
      return { ...asked, state: "gone", because: "deleted" };
    case "absent":
      return confirmedAbsent(frame, question)
        ? { ...asked, state: "gone", because: "deleted" }
        : { ...asked, state: "unsure" };
    case "person": {
      const { person } = own;
      if (!person.accountEnabled) {
        return { ...asked, state: "gone", because: "disabled", id: person.id, person };
      }
      // Entra finds names whatever their case, PVE does not: nobody signs in as this user.
      if (nameOf(frame, person) !== user.userid) {
        return holds
          ? { ...asked, state: "renamed", id: person.id, person }
          : { ...asked, state: "unsure" };
      }
      return { ...asked, state: "active", id: person.id, person };
    }
  }
}

type Unmarked = { readonly question?: Question["who"]; readonly own?: OwnSide } & (
  | { readonly state: "active" | "renamed"; readonly id: ObjectId; readonly person: Person }
  | {
      readonly state: "gone";
      readonly because: "disabled" | "deleted";
      readonly id?: ObjectId;
      readonly person?: Person;
    }
  | { readonly state: "unsure"; readonly finding?: Finding }
);

function confirmedAbsent(frame: Frame, who: Question["who"]): boolean {
  return frame.history.absentBefore.has(questionKey(who));
}

/** The userid that the realm's claim makes of this person now. */
export function nameOf(frame: Frame, person: Person): UserId | undefined {
  const { claim, realm } = frame.roster;
  const named = claim === undefined ? undefined : useridOf(person, claim, realm.name);
  return named?.ok === true ? named.userid : undefined;
}

/** Whether the person's own side says that they are in a mapping; undefined: it does not say. */
export function ownSideIn(own: OwnSide | undefined, mapping: Mapping): boolean | undefined {
  if (own?.kind !== "person") return undefined;
  if (mapping.entra.some((group) => own.memberOf.has(group))) return true;
  return mapping.entra.every((group) => own.asked.has(group)) ? false : undefined;
}

function unsure(user: PveUser, why: string): { state: "unsure"; finding: Finding } {
  return {
    state: "unsure",
    finding: {
      code: "SYNC_DISAGREES",
      message: `${user.userid} stays as is: ${why}`,
      realm: user.realm,
      subject: user.userid,
    },
  };
}
