/** What PVE holds as far as we know: as it was read, with what we wrote since. */
import type { AclEntry, GroupId, PveGroup, PveUser, UserId } from "../decide/facts.js";
import type { Write } from "../decide/plan.js";
import type { Seen } from "../journal/types.js";

/**
 * Several writes of one pass may be about the same user: disabled for the moment and enabled again,
 * deleted and made anew. The "before" of each is what the one before it left (P11).
 */
export class SeenSince implements Seen {
  readonly users: Map<UserId, PveUser>;
  readonly groups: Map<GroupId, PveGroup>;
  acl: readonly AclEntry[];

  constructor(read: Seen) {
    this.users = new Map(read.users);
    this.groups = new Map(read.groups);
    this.acl = read.acl;
  }

  /** After PVE did it. */
  note(write: Write): void {
    switch (write.kind) {
      case "create-user":
        this.users.set(write.userid, made(write));
        return;
      case "update-user":
        this.#update(write);
        return;
      case "delete-user":
        this.users.delete(write.userid);
        this.acl = this.acl.filter(({ ugid }) => ugid !== write.userid);
        return;
      case "create-group":
      case "update-group":
        this.groups.set(write.group, { groupid: write.group, comment: write.comment });
        return;
      case "delete-group":
        this.#deleteGroup(write.group);
        return;
      case "acl":
        this.#changeAcl(write);
    }
  }

  #update({ userid, fields, join, leave }: Write & { kind: "update-user" }): void {
    const user = this.users.get(userid);
    if (user === undefined) return;
    const stay = user.groups.filter((group) => !leave.includes(group));
    this.users.set(userid, { ...user, ...fields, groups: [...new Set([...stay, ...join])] });
  }

  #deleteGroup(gone: GroupId): void {
    this.groups.delete(gone);
    this.acl = this.acl.filter(({ type, ugid }) => type !== "group" || ugid !== gone);
    for (const [userid, user] of this.users) {
      if (!user.groups.includes(gone)) continue;
      this.users.set(userid, { ...user, groups: user.groups.filter((group) => group !== gone) });
    }
  }

  #changeAcl({ path, role, groups, propagate, delete: takes }: Write & { kind: "acl" }): void {
    const names: readonly string[] = groups;
    const others = this.acl.filter(
      (entry) =>
        entry.type !== "group" ||
        entry.path !== path ||
        entry.role !== role ||
        !names.includes(entry.ugid),
    );
    const given = groups.map((ugid): AclEntry => ({ path, type: "group", ugid, role, propagate }));
    this.acl = takes ? others : [...others, ...given];
  }
}

function made({ userid, fields, groups }: Write & { kind: "create-user" }): PveUser {
  const nothing = { comment: "", firstname: "", lastname: "", email: "", keys: "" };
  const realm = userid.slice(userid.lastIndexOf("@") + 1);
  const common = { userid, realm, enable: true, expire: 0, groups, tokens: [] };
  return { ...nothing, ...common, ...fields };
}
