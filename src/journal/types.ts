/** What the journal offers to the rest of the program, as plain types. */
import type {
  Access,
  AclPath,
  GroupId,
  History,
  ObjectId,
  QuestionKey,
  RoleId,
  UserId,
} from "../decide/facts.js";
import type { Action, Change } from "../decide/plan.js";
import type { ErrorCode, Finding } from "../errors.js";

export type PassId = number & { readonly __passId: unique symbol };
export type IntentId = number & { readonly __intentId: unique symbol };
/** The rows of one action's changes. */
export type ChangeIds = readonly number[];

/**
 * How a write ended. `refused`: the other side said no. `failed`: it was never sent, or surely
 * had no effect. `unknown`: it may or may not have happened.
 */
export type Outcome = "done" | "refused" | "unknown" | "failed";

/** How one realm fared in one pass. */
export interface RealmOutcome {
  readonly ok: boolean;
  readonly code?: ErrorCode;
  /** Numbers for `history` and `status`, such as `{ changes: 3, held: 1 }`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What a pass saw before it wrote: the "before" of every change is taken from it. */
export type Seen = Pick<Access, "users" | "groups" | "acl">;

export interface HeldChange {
  /** `changeKey` of the change. */
  readonly key: string;
  readonly summary: string;
}

export interface EntryFilter {
  readonly realm?: string;
  readonly userid?: string;
  readonly group?: string;
  /** Milliseconds since 1970; `since` counts as within, `until` as outside. */
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

/** One line of `history`, newest first. Times are milliseconds since 1970. */
export type JournalEntry =
  | {
      readonly type: "change";
      readonly at: number;
      readonly pass: PassId;
      readonly realm: string;
      readonly kind: Change["kind"];
      /** `intended`: the write is under way at this moment. */
      readonly outcome: Outcome | "intended";
      readonly code?: ErrorCode;
      readonly message?: string;
      readonly reason: string;
      readonly userid?: UserId;
      readonly group?: GroupId;
      /** Of an ACL entry: where, and which role. */
      readonly path?: AclPath;
      readonly role?: RoleId;
      readonly person?: ObjectId;
      readonly personName?: string;
      readonly entraGroups: readonly ObjectId[];
      /** Plain values as PVE had them and as we asked for them; null: was not there. */
      readonly before: unknown;
      readonly after: unknown;
      readonly approved: boolean;
      readonly moment: boolean;
    }
  | {
      readonly type: "rotation";
      readonly at: number;
      readonly intent: IntentId;
      readonly realms: readonly string[];
      readonly clientId: string;
      readonly state: SecretState;
      readonly reason: string;
      readonly keyId?: string;
      readonly start: number;
      readonly end: number;
      readonly forced: boolean;
      readonly detail?: string;
    }
  | {
      readonly type: "pass";
      readonly at: number;
      readonly pass: PassId;
      readonly trigger: string;
      readonly realm: string;
      /** Absent: the pass was cut off. */
      readonly code?: ErrorCode;
      readonly ended: boolean;
      readonly counts: Readonly<Record<string, number>>;
    }
  | {
      readonly type: "approval";
      readonly at: number;
      readonly approvalId: string;
      readonly by: string;
      readonly summaries: readonly string[];
      /** How many of its changes have been used. */
      readonly used: number;
    }
  | {
      readonly type: "note";
      readonly at: number;
      readonly kind: string;
      readonly realm?: string;
      readonly text: string;
      readonly detail?: unknown;
    };

/** The life of a client secret that this node made. */
export type SecretState =
  | "intended"
  | "made"
  | "proved"
  | "proof-failed"
  | "written"
  | "abandoned"
  | "removed"
  | "not-made";

/** A client secret that this node made or meant to make; never its value. */
export interface OwnSecret {
  readonly intent: IntentId;
  readonly clientId: string;
  readonly realms: readonly string[];
  readonly displayName: string;
  /** As sent (while intended) or as Entra answered (once made); milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly keyId?: string;
  readonly state: SecretState;
  /** When the state last changed. */
  readonly at: number;
  readonly forced: boolean;
}

export interface SecretsJournal {
  /** Before addPassword: with the exact start and end that will be sent. On the disk on return. */
  intend(secret: {
    readonly clientId: string;
    readonly realms: readonly string[];
    readonly displayName: string;
    readonly start: number;
    readonly end: number;
    readonly reason: string;
    readonly forced: boolean;
  }): IntentId;
  /** Entra answered: its key id, and start and end as it keeps them. */
  made(
    intent: IntentId,
    secret: { readonly keyId: string; readonly start: number; readonly end: number },
  ): void;
  mark(intent: IntentId, state: Exclude<SecretState, "intended" | "made">, detail?: string): void;
  /** Everything of this app that the journal still has, oldest first, whatever its state. */
  all(clientId: string): readonly OwnSecret[];
  /** Forced rotations begun at or after `since`, but for those that made no secret. */
  forcedSince(clientId: string, since: number): number;
}

/** What may be read from a journal without being its writer. */
export interface JournalReader {
  /** What opening it found: set aside because damaged or foreign. */
  readonly findings: readonly Finding[];
  /** `now`: the time by which ages are judged, of Entra if there is one. */
  history(now: number): History;
  entries(filter: EntryFilter): readonly JournalEntry[];
  /** The keys of a set of held changes that was noted in the last 24 h. */
  heldSet(approvalId: string): ReadonlySet<string> | undefined;
  /** Realm to its last pass that ended, and its last good one. */
  lastPasses(): ReadonlyMap<string, LastPass>;
  readonly secrets: Pick<SecretsJournal, "all" | "forcedSince">;
  close(): void;
}

export interface LastPass {
  readonly lastAttempt: number;
  readonly lastSuccess?: number;
  readonly ok: boolean;
  readonly code?: ErrorCode;
}

/**
 * What we did, meant to do and were allowed to do. Every writing method throws
 * JOURNAL_UNWRITABLE when the disk refuses; nothing is to be sent to anybody then.
 */
export interface Journal extends JournalReader {
  /** Before `history` of that pass: changes that an earlier one left open become `unknown`. */
  beginPass(realms: readonly string[], trigger: string): PassId;
  /** Changes of the pass that nobody settled become `unknown`. */
  endPass(pass: PassId, outcomes: ReadonlyMap<string, RealmOutcome>, durationMs: number): void;
  /** BEFORE the request, one row per change; on the disk when it returns. */
  intend(pass: PassId, action: Action, seen?: Seen): ChangeIds;
  /** After the answer. What stays unsettled (a kill) counts as `unknown`. */
  settle(
    ids: ChangeIds,
    outcome: Outcome,
    detail?: { readonly code: ErrorCode; readonly message: string },
  ): void;
  /** 404s that this pass heard; the first pass that heard one is kept. */
  noteAbsent(keys: readonly QuestionKey[], pass: PassId): void;
  forgetAbsent(keys: readonly QuestionKey[]): void;
  /** Leavers whose date only their mark tells; the first moment is kept. */
  noteLeavers(users: readonly UserId[]): void;
  /** Whom we disabled and somebody else enabled: what the journal knows of a leaving is over. */
  noteEnabled(users: readonly UserId[]): void;
  /** Each pass that holds something notes it again: that keeps its id known. */
  noteHolds(approvalId: string, changes: readonly HeldChange[], at: number): void;
  /** Throws APPROVAL_UNKNOWN for a set that nobody noted in the last 24 h. */
  approve(approvalId: string, by: string, at: number): void;
  /**
   * After an approved change is done. While it is not, the approval stays in force; once it is,
   * no id of a set noted before covers it any more.
   */
  useApproval(key: string): void;
  /** Rotation events, reloads, start and stop: what `history` shows beside changes. */
  note(kind: string, realm: string | undefined, text: string, detail?: unknown): void;
  readonly secrets: SecretsJournal;
  readonly cache: JournalCache;
  /** Drops entries older than 400 days; facts that still hold are kept whatever their age. */
  prune(now: number): void;
}

/** Small things worth remembering; losing them costs a question and nothing else. */
export interface JournalCache {
  get(key: string): string | undefined;
  set(key: string, value: string, ttlMs: number): void;
}
