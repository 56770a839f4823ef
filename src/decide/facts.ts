/**
 * What was observed, as plain data: the input of every decision. `entra/`, `pve/` and `journal/`
 * produce these, `decide/` consumes them, and nothing in here can do anything.
 * Times are milliseconds since 1970.
 */
import type { Finding } from "../errors.js";

/** An Entra object id: a GUID in lower case. */
export type ObjectId = string & { readonly __objectId: unique symbol };
/** A PVE userid, `<name>@<realm>`, that `userid.ts` or PVE itself gave us. */
export type UserId = string & { readonly __userId: unique symbol };
export type GroupId = string;
export type RoleId = string;
export type AclPath = string;
export type Privilege = string;

// ---------------------------------------------------------------- Entra

/** One user object of Entra. A null in an answer never becomes one of these (FACTS-entra). */
export interface Person {
  readonly id: ObjectId;
  readonly userPrincipalName: string;
  readonly mail: string | null;
  readonly givenName: string | null;
  readonly surname: string | null;
  readonly displayName: string | null;
  readonly accountEnabled: boolean;
  readonly guest: boolean;
}

/** A mapped Entra group as read: its transitive users, or why it could not be read whole. */
export type EntraGroup =
  | {
      readonly ok: true;
      readonly id: ObjectId;
      readonly displayName: string;
      readonly members: ReadonlySet<ObjectId>;
    }
  | { readonly ok: false; readonly id: ObjectId; readonly finding: Finding };

/** A question that only a person's own object can answer. */
export interface Question {
  /** By object id, or by the claim value that a PVE userid was built from. */
  readonly who:
    | { readonly by: "id"; readonly id: ObjectId }
    | { readonly by: "userPrincipalName" | "mail"; readonly value: string };
  /** Ask `checkMemberGroups` for these too; empty: the object alone is wanted. */
  readonly groups: readonly ObjectId[];
}

/** `id:<object id>`, `userPrincipalName:<value>` or `mail:<value>` (values in lower case). */
export type QuestionKey = string;

/** What the person's own side said. */
export type OwnSide =
  | {
      readonly kind: "person";
      readonly person: Person;
      /** Those of the asked groups that the person is in, transitively. */
      readonly memberOf: ReadonlySet<ObjectId>;
      /** The groups asked for: silence about any other group means nothing. */
      readonly asked: ReadonlySet<ObjectId>;
    }
  /** 404, and found among the deleted items. */
  | { readonly kind: "deleted" }
  /** 404, and not among the deleted items: believed when a later pass hears it again. */
  | { readonly kind: "absent" }
  /** The read failed or cannot be believed. */
  | { readonly kind: "unknown"; readonly finding: Finding };

export interface Directory {
  /** Every Entra group that the configuration names. */
  readonly groups: ReadonlyMap<ObjectId, EntraGroup>;
  /** Everybody whom any group's list gave. */
  readonly people: ReadonlyMap<ObjectId, Person>;
  readonly answers: ReadonlyMap<QuestionKey, OwnSide>;
}

// ---------------------------------------------------------------- Proxmox VE

export interface PveToken {
  readonly tokenid: string;
  readonly privsep: boolean;
  readonly expire: number;
  readonly comment?: string;
}

export interface PveUser {
  readonly userid: UserId;
  readonly realm: string;
  readonly enable: boolean;
  /** Seconds since 1970; 0 is never. */
  readonly expire: number;
  readonly comment: string;
  readonly firstname: string;
  readonly lastname: string;
  readonly email: string;
  readonly keys: string;
  readonly groups: readonly GroupId[];
  readonly tokens: readonly PveToken[];
}

export interface PveGroup {
  readonly groupid: GroupId;
  readonly comment: string;
}

export interface AclEntry {
  readonly path: AclPath;
  readonly type: "user" | "group" | "token";
  readonly ugid: string;
  readonly role: RoleId;
  readonly propagate: boolean;
}

/** An OpenID realm as PVE has it, without its key. */
export interface RealmFacts {
  readonly name: string;
  readonly type: string;
  readonly issuerUrl: string;
  readonly clientId: string;
  /** Absent: PVE's default, `sub`. */
  readonly usernameClaim?: string;
  readonly groupsClaim?: string;
  readonly groupsOverwrite: boolean;
  readonly groupsAutocreate: boolean;
  readonly autocreate: boolean;
}

/** The path → privilege → "propagates" table of `GET /access/permissions` for our own token. */
export type OwnPermissions = ReadonlyMap<AclPath, ReadonlyMap<Privilege, boolean>>;

export interface Access {
  readonly users: ReadonlyMap<UserId, PveUser>;
  readonly groups: ReadonlyMap<GroupId, PveGroup>;
  readonly acl: readonly AclEntry[];
  readonly roles: ReadonlyMap<RoleId, ReadonlySet<Privilege>>;
  /** Which of `roles` PVE ships itself: they are not written to user.cfg. */
  readonly specialRoles: ReadonlySet<RoleId>;
  /** By name; a realm that could not be read is a finding instead. */
  readonly realms: ReadonlyMap<string, RealmFacts | Finding>;
  readonly own: OwnPermissions;
  /** The user of our token, `entra-agent@pve`: never touched. */
  readonly ownUser: UserId;
}

// ---------------------------------------------------------------- the journal

/** One loss that the guard counts: this person lost this in this group. */
export interface Loss {
  readonly at: number;
  readonly realm: string;
  /** Absent for what is counted per realm (disabled, renamed). */
  readonly group?: GroupId;
  readonly userid: UserId;
  readonly cause: "removed" | "disabled" | "renamed";
  /** Let through by an approval: not counted again. */
  readonly approved: boolean;
}

/** Somebody who came into a group by us, or went out of it for whatever reason. */
export interface Passage {
  readonly at: number;
  readonly group: GroupId;
  readonly userid: UserId;
}

/** Held changes that somebody approved. */
export interface Approval {
  readonly id: string;
  readonly at: number;
  /** The keys of the changes it covers (`changeKey`). */
  readonly keys: ReadonlySet<string>;
}

/** What only the journal knows. An empty journal makes every one of these err to the safe side. */
export interface History {
  /** When this journal began. */
  readonly since: number;
  /** Losses, joins and leaves of the last 24 h. */
  readonly losses: readonly Loss[];
  readonly joins: readonly Passage[];
  readonly leaves: readonly Passage[];
  /** Keys (`aclKey`) of ACL entries that we wrote and have not removed since. */
  readonly ownAcl: ReadonlySet<string>;
  /** Groups that we created or adopted. */
  readonly ownGroups: ReadonlySet<GroupId>;
  /** Every userid that we ever wrote. */
  readonly knownUsers: ReadonlySet<UserId>;
  /** People from whom we took anything, ever: giving back asks their own side. */
  readonly takenFrom: ReadonlySet<ObjectId>;
  /** Users whose last change of `enable` was our disabling, and when. */
  readonly disabledByUs: ReadonlyMap<UserId, number>;
  /** Those of them whom we disabled between two writes only (P3). */
  readonly inMoment: ReadonlySet<UserId>;
  /** Users whom we disabled, and whom somebody else enabled since. */
  readonly enabledAgain: ReadonlySet<UserId>;
  /** Users whom we took out of a privileged group, and did not let in again since. */
  readonly lostPrivilege: ReadonlySet<UserId>;
  /** Leavers whose mark no journal confirms, and when this journal first saw it. */
  readonly leftSeen: ReadonlyMap<UserId, number>;
  /** Question keys whose 404 an earlier pass heard already. */
  readonly absentBefore: ReadonlySet<QuestionKey>;
  readonly approvals: readonly Approval[];
}

// ---------------------------------------------------------------- time

/** The time by which ages and ends are judged. */
export interface ServerTime {
  /** From the `Date` header of Entra's answers; of this machine's clock where none came yet. */
  readonly now: number;
  /** Local clock minus `now`; infinite where no answer has told. */
  readonly localOffsetMs: number;
}

/** Entries with the same key are the same entry: PVE keeps one per path, group and role. */
export function aclKey(entry: {
  readonly path: AclPath;
  readonly ugid: string;
  readonly role: RoleId;
}): string {
  return `${entry.path}|${entry.ugid}|${entry.role}`;
}

export function questionKey(who: Question["who"]): QuestionKey {
  return who.by === "id" ? `id:${who.id}` : `${who.by}:${who.value.toLowerCase()}`;
}

export function isRealm(value: RealmFacts | Finding | undefined): value is RealmFacts {
  return value !== undefined && "issuerUrl" in value;
}
