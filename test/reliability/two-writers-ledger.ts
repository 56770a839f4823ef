/** What people of the cluster did by hand, and what therefore has to be there in the end. */
import { pveWorld } from "../emulators/pve/world.js";
import type { AclOrder, PveWorld } from "../emulators/pve/world.js";
import type { PveState } from "../emulators/pve/state.js";
import type { Bed } from "./two-writers-bed.js";

export const MANUAL = ["manual", "other"] as const;

/** One entry of the ACL in words. */
export function entryKey(path: string, holder: string, role: string): string {
  return `${path} ${holder} ${role}`;
}

/** An edit of user.cfg by hand. */
export type Edit = (hands: PveWorld) => void;

export class Ledger {
  /** Userid to manual groups. */
  readonly manual = new Map<string, Set<string>>();
  /** Whom an administrator disabled, and nobody enabled since. */
  readonly disabled = new Set<string>();
  /** Whose mark was taken away or who was enabled against us: what becomes of `enable` is open. */
  readonly open = new Set<string>();
  /** People's part of a comment. */
  readonly texts = new Map<string, string>();
  /** Entries of others, in words. */
  readonly entries = new Set<string>();
  /** Userids that Entra gave to somebody else: their accounts are deleted and made anew. */
  readonly reused = new Set<string>();
  /** States to which every edit is made, too: what passes under way have read and want. */
  readonly followers = new Set<PveState>();

  constructor(private readonly bed: Bed) {}

  /** Makes an edit, here and in every state that follows. */
  edit(edit: Edit): void {
    edit(this.bed.hands);
    for (const state of this.followers) {
      try {
        edit(pveWorld(state));
      } catch (thrown) {
        // Whom it is about is not there in that state.
        if (!(thrown instanceof TypeError)) throw thrown;
      }
    }
  }

  join(userid: string, group: string): void {
    this.edit((hands) => hands.addToGroup(userid, group));
    this.manual.set(userid, (this.manual.get(userid) ?? new Set()).add(group));
  }

  leave(userid: string, group: string): void {
    this.edit((hands) => hands.removeFromGroup(userid, group));
    this.manual.get(userid)?.delete(group);
  }

  grant(entry: AclOrder): void {
    this.edit((hands) => hands.addAcl(entry));
    for (const holder of [...(entry.users ?? []), ...(entry.groups ?? [])]) {
      this.entries.add(entryKey(entry.path, holder, entry.role));
    }
  }

  revoke(entry: AclOrder): void {
    this.edit((hands) => hands.removeAcl(entry));
    for (const holder of [...(entry.users ?? []), ...(entry.groups ?? [])]) {
      this.entries.delete(entryKey(entry.path, holder, entry.role));
    }
  }

  /** An account is gone, and everything of it. */
  gone(userid: string): void {
    this.manual.delete(userid);
    this.disabled.delete(userid);
    this.open.delete(userid);
    this.texts.delete(userid);
    for (const entry of this.entries) {
      if (entry.split(" ")[1] === userid) this.entries.delete(entry);
    }
  }
}
