import { shortDate } from "../dates.js";
import { drop, put, type Write } from "../directory.js";
import type { Device, Group } from "../tables.js";
import type { WorldContext } from "./context.js";
import { theGroup, theObjectId } from "./find.js";

export interface NewGroup {
  displayName: string;
  id?: string;
  description?: string | null;
  /** `security` by default. */
  kind?: "security" | "microsoft365" | "dynamic";
  visibility?: Group["visibility"];
  isAssignableToRole?: boolean;
  /** Ids, UPNs or names of groups. */
  members?: string[];
}

const GROUP_TYPES = {
  security: [],
  microsoft365: ["Unified"],
  dynamic: ["DynamicMembership"],
} as const;

function membershipEnds(ctx: WorldContext, id: string): Write[] {
  const { truth } = ctx.directory;
  return [
    ...[...truth.held("member", id).keys()].map((member) => drop("member", id, member)),
    ...[...truth.holders("member", id)].map((group) => drop("member", group, id)),
  ];
}

/** Orders about groups, which are meant by object id or display name. */
export interface GroupOrders {
  addGroup(wanted: NewGroup): Group;
  addDevice(displayName: string): Device;
  /** Makes somebody (a user, group, device or service principal) a member. */
  join(group: string, ...members: string[]): void;
  leave(group: string, ...members: string[]): void;
  /** One group becomes a member of another. */
  nest(outer: string, inner: string): void;
  unnest(outer: string, inner: string): void;
  editGroup(ref: string, change: Partial<Group>): Group;
  /** Hidden membership. */
  hideGroup(ref: string): Group;
  showGroup(ref: string): Group;
  /** A security group is gone at once; a Microsoft 365 group goes to the recycle bin. */
  deleteGroup(ref: string): void;
  /** The group's row, as the truth has it now. */
  group(ref: string): Group;
  /** Ids of the direct members, as the truth has them. */
  members(ref: string): string[];
}

export function groupOrders(ctx: WorldContext): GroupOrders {
  const { directory } = ctx;
  const edit = (ref: string, change: Partial<Group>): Group => {
    const changed = { ...theGroup(ctx, ref), ...change };
    directory.write(put("group", changed.id, changed));
    return changed;
  };
  return {
    addGroup(wanted: NewGroup): Group {
      const kind = wanted.kind ?? "security";
      const group: Group = {
        id: wanted.id ?? ctx.random.uuid(),
        displayName: wanted.displayName,
        description: wanted.description ?? null,
        groupTypes: [...GROUP_TYPES[kind]],
        mailNickname: wanted.displayName.replaceAll(/[^A-Za-z0-9._-]/g, ""),
        visibility: wanted.visibility ?? (kind === "microsoft365" ? "Private" : null),
        isAssignableToRole: wanted.isAssignableToRole ?? null,
        createdDateTime: shortDate(ctx.clock.now()),
      };
      const members = (wanted.members ?? []).map((member) => theObjectId(ctx, member));
      directory.write(
        put("group", group.id, group),
        ...members.map((member) => put("member", group.id, true, member)),
      );
      return group;
    },
    addDevice(displayName: string): Device {
      const device: Device = {
        id: ctx.random.uuid(),
        deviceId: ctx.random.uuid(),
        displayName,
        accountEnabled: true,
      };
      directory.write(put("device", device.id, device));
      return device;
    },
    join(group: string, ...members: string[]): void {
      const { id } = theGroup(ctx, group);
      for (const member of members) {
        directory.write(put("member", id, true, theObjectId(ctx, member)));
      }
    },
    leave(group: string, ...members: string[]): void {
      const { id } = theGroup(ctx, group);
      for (const member of members) {
        directory.write(drop("member", id, theObjectId(ctx, member)));
      }
    },
    nest(outer: string, inner: string): void {
      directory.write(put("member", theGroup(ctx, outer).id, true, theGroup(ctx, inner).id));
    },
    unnest(outer: string, inner: string): void {
      directory.write(drop("member", theGroup(ctx, outer).id, theGroup(ctx, inner).id));
    },
    editGroup: edit,
    hideGroup: (ref: string): Group => edit(ref, { visibility: "HiddenMembership" }),
    showGroup: (ref: string): Group => edit(ref, { visibility: null }),
    deleteGroup(ref: string): void {
      const group = theGroup(ctx, ref);
      const deletedDateTime = shortDate(ctx.clock.now());
      const binned: Write[] = group.groupTypes.includes("Unified")
        ? [put("deleted", group.id, { kind: "group", deletedDateTime, object: group })]
        : [];
      directory.write(drop("group", group.id), ...membershipEnds(ctx, group.id), ...binned);
    },
    group: (ref: string): Group => theGroup(ctx, ref),
    members: (ref: string): string[] => [
      ...directory.truth.held("member", theGroup(ctx, ref).id).keys(),
    ],
  };
}
