/** What is to be done: the output of every decision. Plain data, made by pure functions. */
import type { Finding } from "../errors.js";
import type { AclPath, GroupId, ObjectId, Question, QuestionKey, RoleId, UserId } from "./facts.js";

/** Fields of a user that we send only when they change. */
export interface UserFields {
  readonly enable?: boolean;
  readonly comment?: string;
  readonly firstname?: string;
  readonly lastname?: string;
  readonly email?: string;
}

/**
 * The smallest thing that can be held, approved, counted and explained. One or more of them make
 * one write (`Action`).
 */
export type Change = ChangeCommon &
  (
    | { readonly kind: "join"; readonly userid: UserId; readonly group: GroupId }
    | {
        readonly kind: "leave";
        readonly userid: UserId;
        readonly group: GroupId;
        /** Out of a group that is privileged at this moment. */
        readonly privileged?: boolean;
      }
    | { readonly kind: "create-user"; readonly userid: UserId; readonly fields: UserFields }
    | { readonly kind: "update-user"; readonly userid: UserId; readonly fields: UserFields }
    /** `fields` carries the new comment with its mark; `enable: false` is implied. */
    | {
        readonly kind: "disable-user";
        readonly userid: UserId;
        readonly fields: UserFields;
        /** Why, as the guard counts it. */
        readonly because: "left" | "disabled" | "deleted" | "renamed" | "reused" | "unmarked";
      }
    | { readonly kind: "enable-user"; readonly userid: UserId; readonly fields: UserFields }
    | {
        readonly kind: "delete-user";
        readonly userid: UserId;
        /** `aged`: disabled long ago. `left`: on_leave = delete. `reused`: made anew at once. */
        readonly because: "aged" | "left" | "reused";
      }
    | { readonly kind: "create-group"; readonly group: GroupId; readonly comment: string }
    | { readonly kind: "update-group"; readonly group: GroupId; readonly comment: string }
    | { readonly kind: "adopt-group"; readonly group: GroupId; readonly comment: string }
    | { readonly kind: "delete-group"; readonly group: GroupId }
    | {
        readonly kind: "grant" | "revoke";
        readonly group: GroupId;
        readonly path: AclPath;
        readonly role: RoleId;
        readonly propagate: boolean;
      }
  );

interface ChangeCommon {
  readonly realm: string;
  /** One sentence for a person: which Entra group, which person, why. */
  readonly reason: string;
  /** The person it is about, where one is known. */
  readonly person?: ObjectId;
  /** Their name as Entra shows it, for `plan`. */
  readonly personName?: string;
  /** Entra groups that are the cause. */
  readonly entraGroups?: readonly ObjectId[];
  /** Distinct people who lose by it, per group: what the guard counts (`guard.ts`). */
  readonly losers?: readonly UserId[];
  /** How the guard treats it; absent: it is not counted. */
  readonly counted?: "removed" | "disabled" | "renamed";
  /** Set when the change needs an approval whatever the numbers, and why. */
  readonly needsApproval?: string;
  /** Let through by an approval: confirmed again right before its write, and not counted again. */
  readonly approved?: boolean;
  /** What to ask again right before the write of an approved change. */
  readonly confirm?: Question;
}

/** One write to PVE. */
export type Write =
  | {
      readonly kind: "create-user";
      readonly userid: UserId;
      readonly fields: UserFields;
      readonly groups: readonly GroupId[];
    }
  | {
      readonly kind: "update-user";
      readonly userid: UserId;
      readonly fields: UserFields;
      /** `leave` non-empty: the list is read afresh in the request before. */
      readonly join: readonly GroupId[];
      readonly leave: readonly GroupId[];
    }
  | { readonly kind: "delete-user"; readonly userid: UserId }
  | { readonly kind: "create-group"; readonly group: GroupId; readonly comment: string }
  | { readonly kind: "update-group"; readonly group: GroupId; readonly comment: string }
  | { readonly kind: "delete-group"; readonly group: GroupId }
  | {
      readonly kind: "acl";
      readonly path: AclPath;
      readonly role: RoleId;
      readonly propagate: boolean;
      readonly groups: readonly GroupId[];
      readonly delete: boolean;
    };

export interface Action {
  /** Unique within its plan; stable for one write. */
  readonly id: string;
  readonly realm: string;
  readonly write: Write;
  readonly changes: readonly Change[];
  /** This write disables somebody for the moment only (P3), or ends that. */
  readonly moment?: boolean;
}

/** Changes that wait for an approval. */
export interface Hold {
  readonly change: Change;
  /** The guard's arithmetic, or what else asks for an approval. */
  readonly because: string;
}

/** An action that nothing forbids but whose predecessor is held, refused or impossible. */
export interface Waiting {
  readonly action: Action;
  readonly waitsFor: string;
}

/** Effective privileges that somebody loses or gains by the whole plan. */
export interface RightsDelta {
  readonly userid: UserId;
  readonly personName?: string;
  /** Path (with `/*` for everything below it) to the privileges lost or gained there. */
  readonly lost: ReadonlyMap<AclPath, readonly string[]>;
  readonly gained: ReadonlyMap<AclPath, readonly string[]>;
}

/** How the guard counted one group (or, without a group, one realm). */
export interface GuardCount {
  readonly realm: string;
  readonly group?: GroupId;
  readonly cause: "removed" | "disabled" | "renamed";
  /** Distinct people of the last 24 h, and those whom this plan adds. */
  readonly before: number;
  readonly now: number;
  readonly limit: string;
  readonly held: boolean;
}

/** A plan of one pass over the groups, as decided; nothing has judged its order yet. */
export interface Plan {
  /** In the order in which they are to be tried (P3). */
  readonly actions: readonly Action[];
  readonly waiting: readonly Waiting[];
  readonly holds: readonly Hold[];
  /** SHA-256 over the held changes; absent when nothing is held. */
  readonly approvalId?: string;
  readonly guard: readonly GuardCount[];
  readonly findings: readonly Finding[];
  /** Who left every mapping and keeps the account, and why. */
  readonly kept: readonly {
    readonly realm: string;
    readonly userid: UserId;
    readonly why: string;
  }[];
  /** Not ours, and left as it is: shown by `plan`. */
  readonly untouched: readonly string[];
  /** API tokens that work again once their user is enabled. */
  readonly wakingTokens: readonly string[];
  readonly rights: readonly RightsDelta[];
  readonly skipped: readonly {
    readonly realm: string;
    readonly who: string;
    readonly why: string;
  }[];
  readonly unmanaged: readonly { readonly realm: string; readonly userid: UserId }[];
  /** Realm → group → how many people of ours it has once the plan is done. */
  readonly members: ReadonlyMap<string, ReadonlyMap<GroupId, number>>;
  /** For the journal: whose 404 this pass heard, and leavers whose date no journal confirms. */
  readonly heard: {
    readonly absent: readonly QuestionKey[];
    readonly leavers: readonly UserId[];
    /** Whom we disabled, and somebody else has enabled. */
    readonly enabledAgain: readonly UserId[];
  };
  /** Estimated bytes of user.cfg now, and after the whole plan. */
  readonly database: { readonly now: number; readonly after: number; readonly limit: number };
}

/** The identity of a change: the same change in a later pass has the same key (dates left out). */
export function changeKey(change: Change): string {
  const parts: string[] = [change.kind, change.realm];
  parts.push("person" in change && change.person !== undefined ? change.person : "");
  parts.push("userid" in change ? change.userid : "");
  parts.push("group" in change ? change.group : "");
  parts.push("path" in change ? `${change.path}:${change.role}:${change.propagate ? 1 : 0}` : "");
  return parts.join("|");
}
