/** An organisation in Entra as it is, and as one pass hears it: late, in part, or wrongly. */
import type {
  EntraGroup,
  ObjectId,
  OwnSide,
  Person,
  Question,
  QuestionKey,
} from "../../src/decide/facts.js";
import { questionKey } from "../../src/decide/facts.js";
import type { DirectoryPort } from "../../src/ports.js";
import { ENTRA_GROUPS, NAMES, PEOPLE } from "./draw.js";
import type { Deed, LIES, PersonDraw } from "./draw.js";

export const idOf = (n: number): ObjectId =>
  `aaaaaaaa-0000-4000-8000-0000000000${String(n).padStart(2, "0")}` as ObjectId;
export const groupIdOf = (n: number): ObjectId =>
  `bbbbbbbb-0000-4000-8000-0000000000${String(n).padStart(2, "0")}` as ObjectId;

export interface Soul {
  record: Person;
  gone: "no" | "soft" | "hard";
  /** As lagging replicas still have them. */
  old: Person;
}

export class Tenant {
  readonly souls = new Map<ObjectId, Soul>();
  readonly groups = new Map<ObjectId, Set<ObjectId>>();
  /** Memberships as lagging replicas still have them. */
  readonly oldGroups = new Map<ObjectId, ReadonlySet<ObjectId>>();

  constructor(draws: readonly PersonDraw[]) {
    const taken = new Set<number>();
    for (let g = 0; g < ENTRA_GROUPS; g += 1) this.groups.set(groupIdOf(g), new Set());
    draws.forEach((draw, n) => {
      let name = draw.name % NAMES.length;
      while (taken.has(name)) name = (name + 1) % NAMES.length;
      taken.add(name);
      const record: Person = {
        id: idOf(n),
        userPrincipalName: addressOf(name),
        mail: draw.mail === NAMES.length ? null : addressOf(draw.mail),
        givenName: `Given ${n}`,
        surname: null,
        displayName: `Person ${n}`,
        accountEnabled: draw.enabled,
        guest: draw.guest,
      };
      this.souls.set(record.id, { record, gone: "no", old: record });
      draw.groups.forEach((isIn, g) => {
        if (isIn) this.groups.get(groupIdOf(g))?.add(record.id);
      });
    });
    this.replicate();
  }

  /** From now on replicas that lag have what is now. */
  replicate(): void {
    for (const soul of this.souls.values()) soul.old = soul.record;
    for (const [id, members] of this.groups) this.oldGroups.set(id, new Set(members));
  }

  change(id: ObjectId, fields: Partial<Person>): void {
    const soul = this.souls.get(id);
    if (soul !== undefined) soul.record = { ...soul.record, ...fields };
  }

  /** Entra has each name once, whatever its case; the deleted free theirs. */
  isTaken(name: string): boolean {
    return [...this.souls.values()].some(
      ({ record, gone }) =>
        gone === "no" && record.userPrincipalName.toLowerCase() === name.toLowerCase(),
    );
  }

  /** Somebody new who bears a name that is free. */
  add(name: string, groups: readonly ObjectId[]): void {
    const id = idOf(this.souls.size);
    const record: Person = {
      id,
      userPrincipalName: name,
      mail: name,
      givenName: null,
      surname: "New",
      displayName: `Person ${this.souls.size}`,
      accountEnabled: true,
      guest: false,
    };
    this.souls.set(id, { record, gone: "no", old: record });
    for (const group of groups) this.groups.get(group)?.add(id);
  }
}

export function addressOf(name: number): string {
  return `${NAMES[name % NAMES.length] ?? ""}@x.example`;
}

type Lie = Deed<(typeof LIES)[number]>;

/** What Entra says in one pass: the same to every question of it. */
export class Hearing implements Pick<DirectoryPort, "readGroups" | "ask"> {
  readonly #tenant: Tenant;
  readonly #lies: readonly Lie[];

  constructor(tenant: Tenant, lies: readonly Lie[]) {
    this.#tenant = tenant;
    this.#lies = lies;
  }

  /** The group's list; undefined: it could not be read. */
  list(group: ObjectId): ReadonlySet<ObjectId> | undefined {
    const lies = this.#lies.filter(({ b }) => groupIdOf(b % ENTRA_GROUPS) === group);
    if (lies.some(({ kind }) => kind === "group-unreadable")) return undefined;
    const members = new Set(this.#tenant.groups.get(group));
    for (const { kind, a } of lies) {
      if (kind === "list-empty") members.clear();
      if (kind === "list-lacks") members.delete(this.#whom(a));
      if (kind === "list-still-has" && this.#tenant.oldGroups.get(group)?.has(this.#whom(a))) {
        members.add(this.#whom(a));
      }
    }
    for (const id of members) {
      const lags = lies.some(({ kind, a }) => kind === "list-still-has" && this.#whom(a) === id);
      if (this.#tenant.souls.get(id)?.gone !== "no" && !lags) members.delete(id);
    }
    return members;
  }

  /** A person as the lists have them. */
  listed(id: ObjectId): Person | undefined {
    const soul = this.#tenant.souls.get(id);
    return this.#has("list-old-record", id) ? soul?.old : soul?.record;
  }

  /** What the person's own side says about these groups. */
  own(id: ObjectId, groups: readonly ObjectId[]): OwnSide {
    const soul = this.#tenant.souls.get(id);
    if (this.#has("own-unknown", id)) {
      return { kind: "unknown", finding: { code: "ENTRA_THROTTLED", message: "busy" } };
    }
    if (soul === undefined || soul.gone === "hard" || this.#has("own-not-found", id)) {
      return { kind: "absent" };
    }
    if (soul.gone === "soft") return { kind: "deleted" };
    const asked = new Set(groups.filter((group) => this.list(group) !== undefined));
    const memberOf = new Set([...asked].filter((group) => this.#isIn(id, group)));
    const person = this.#has("own-old-record", id) ? soul.old : soul.record;
    return { kind: "person", person, memberOf, asked };
  }

  /** By a property, as Graph's filter finds it: whatever the case. */
  byName(property: "userPrincipalName" | "mail", value: string): readonly ObjectId[] {
    return [...this.#tenant.souls]
      .filter(([, { gone }]) => gone === "no")
      .filter(([, { record }]) => record[property]?.toLowerCase() === value.toLowerCase())
      .map(([id]) => id);
  }

  answer({ who, groups }: Question): OwnSide {
    if (who.by === "id") return this.own(who.id, groups);
    const same = this.byName(who.by, who.value);
    if (same.length > 1) {
      const message = `${questionKey(who)} is more than one person`;
      return { kind: "unknown", finding: { code: "ENTRA_BAD_ANSWER", message } };
    }
    const [only] = same;
    if (only === undefined) return { kind: "absent" };
    const own = this.own(only, groups);
    if (own.kind === "deleted") return { kind: "absent" };
    const found =
      own.kind !== "person" || own.person[who.by]?.toLowerCase() === who.value.toLowerCase();
    // A replica that lags does not find them by the new name.
    return found ? own : { kind: "absent" };
  }

  async readGroups(ids: readonly ObjectId[]): ReturnType<DirectoryPort["readGroups"]> {
    const groups = new Map<ObjectId, EntraGroup>();
    const people = new Map<ObjectId, Person>();
    for (const id of ids) {
      const members = this.list(id);
      if (members === undefined) {
        const finding = { code: "ENTRA_GROUP_MISSING" as const, message: `no group ${id}` };
        groups.set(id, { ok: false, id, finding });
        continue;
      }
      groups.set(id, { ok: true, id, displayName: `Group ${id.slice(-2)}`, members });
      for (const member of members) {
        const person = this.listed(member);
        if (person !== undefined) people.set(member, person);
      }
    }
    return { groups, people };
  }

  async ask(questions: readonly Question[]): Promise<ReadonlyMap<QuestionKey, OwnSide>> {
    return new Map(questions.map((one) => [questionKey(one.who), this.answer(one)]));
  }

  #isIn(id: ObjectId, group: ObjectId): boolean {
    const lies = this.#lies.filter(
      ({ a, b }) => this.#whom(a) === id && groupIdOf(b % ENTRA_GROUPS) === group,
    );
    if (lies.some(({ kind }) => kind === "own-lacks")) return false;
    const truly = this.#tenant.groups.get(group)?.has(id) === true;
    const before = this.#tenant.oldGroups.get(group)?.has(id) === true;
    return truly || (before && lies.some(({ kind }) => kind === "own-still-has"));
  }

  #has(kind: Lie["kind"], id: ObjectId): boolean {
    return this.#lies.some((lie) => lie.kind === kind && this.#whom(lie.a) === id);
  }

  #whom(a: number): ObjectId {
    return idOf(a % Math.max(PEOPLE, this.#tenant.souls.size));
  }
}
