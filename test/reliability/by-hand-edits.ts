/** What an administrator does by hand in the middle of a pass, and how one sees that it survived. */
import { parseUserMark } from "../../src/decide/mark.js";
import { parseUserCfg } from "../emulators/pve/index.js";
import type { UserCfg } from "../emulators/pve/index.js";
import { aclNodeAt } from "../emulators/pve/acl-tree.js";
import { encodeUtf8 } from "../emulators/pve/perl.js";
import { userid } from "./by-hand-scene.js";
import type { Name, Scene } from "./by-hand-scene.js";

export interface Edit {
  /** `bob: a manual group is added` */
  readonly name: string;
  /** Edits of one round are about different things, and are made in the same gap. */
  readonly round: number;
  /** Paths whose reads show what this edit changes. */
  readonly shownBy: readonly string[];
  /** Paths whose writes could undo it. */
  readonly writtenBy: readonly string[];
  /** What became of it shows only once carl and dora are back. */
  readonly needsReturn: boolean;
  /** Whether it can be made at this moment. */
  applies(cfg: UserCfg): boolean;
  make(scene: Scene): void;
  /** Once all is at rest: what became of it that should not; undefined: it survived. */
  lost(cfg: UserCfg, scene: Scene): string | undefined;
}

export function read({ bed }: Scene): UserCfg {
  return parseUserCfg(encodeUtf8(bed.state.userCfgText));
}

const userPath = (name: string): string => `/access/users/${userid(name)}`;
const groupPath = (name: string): string => `/access/groups/${name}`;
const ACL = "/access/acl";

function ofUser(
  round: number,
  name: string,
  what: string,
  parts: Pick<Edit, "make" | "lost"> & {
    applies?: Edit["applies"];
    acl?: boolean;
    needsReturn?: boolean;
  },
): Edit {
  const path = userPath(name);
  return {
    name: `${name}: ${what}`,
    round,
    shownBy: parts.acl === true ? [ACL] : [path],
    writtenBy: [path],
    needsReturn: parts.needsReturn === true,
    applies: (cfg) => cfg.users.has(userid(name)) && (parts.applies?.(cfg) ?? true),
    make: parts.make,
    lost: (cfg, scene) =>
      cfg.users.has(userid(name)) ? parts.lost(cfg, scene) : "the user is gone",
  };
}

function joins(round: number, name: Name): Edit {
  return ofUser(round, name, "is put into a manual group", {
    make: ({ bed }) => bed.hands.addToGroup(userid(name), "manual"),
    lost: (cfg) =>
      cfg.groups.get("manual")?.users.has(userid(name)) ? undefined : "the manual group is gone",
  });
}

function leaves(round: number, name: Name): Edit {
  return ofUser(round, name, "is taken out of a manual group", {
    make: ({ bed }) => bed.hands.removeFromGroup(userid(name), "other"),
    lost: (cfg) =>
      cfg.groups.get("other")?.users.has(userid(name)) ? "is in the manual group again" : undefined,
  });
}

const isEnabled = (cfg: UserCfg, name: string): boolean =>
  cfg.users.get(userid(name))?.enable === true;

/** Whoever an administrator disabled stays so, also when Entra gives them back their groups. */
function disabled(round: number, name: Name): Edit {
  return ofUser(round, name, "is disabled", {
    needsReturn: true,
    applies: (cfg) => isEnabled(cfg, name),
    make: ({ bed }) => bed.hands.disableUser(userid(name)),
    lost: (cfg) => (isEnabled(cfg, name) ? "is enabled again" : undefined),
  });
}

function enabled(round: number, name: Name): Edit {
  return ofUser(round, name, "is enabled", {
    applies: (cfg) => !isEnabled(cfg, name),
    make: ({ bed }) => bed.hands.enableUser(userid(name)),
    lost: (cfg) => (isEnabled(cfg, name) ? undefined : "is disabled again"),
  });
}

/** Whom Entra gives back what they lost, once the edits of a round about accounts are made. */
export const COME_BACK: readonly Name[] = ["carl", "dora"];

function comments(round: number, name: Name): Edit {
  return ofUser(round, name, "the comment is edited beside the mark", {
    needsReturn: true,
    make: (scene) => {
      const comment = read(scene).users.get(userid(name))?.comment ?? "";
      const { text } = parseUserMark(comment);
      const mark = comment.slice(text.length).trim();
      scene.bed.hands.editUser(userid(name), { comment: `desk 7 ${mark}` });
    },
    lost: (cfg) => {
      // Our mark says that it was us who disabled them: without it they could not come back.
      const back = COME_BACK.includes(name) && !isEnabled(cfg, name);
      if (back) return "stays disabled on return";
      const { text } = parseUserMark(cfg.users.get(userid(name))?.comment ?? "");
      return text.trim() === "desk 7" ? undefined : `the comment is "${text}"`;
    },
  });
}

/** An ACL entry of their own, at a path where our groups have entries, too. */
function entries(round: number, name: Name): Edit {
  return ofUser(round, name, "gets an ACL entry of their own", {
    acl: true,
    make: ({ bed }) =>
      bed.hands.addAcl({ path: "/vms", role: "PVEAuditor", users: [userid(name)] }),
    lost: (cfg) =>
      aclNodeAt(cfg.acl, "/vms").users.get(userid(name))?.has("PVEAuditor")
        ? undefined
        : "the entry is gone",
  });
}

function ofGroup(
  round: number,
  group: string,
  what: string,
  parts: Pick<Edit, "make" | "lost" | "applies"> & { acl?: boolean },
): Edit {
  const path = groupPath(group);
  return {
    name: `${group}: ${what}`,
    round,
    shownBy: parts.acl === true ? [ACL] : [path],
    writtenBy: [path],
    needsReturn: false,
    ...{ applies: parts.applies, make: parts.make, lost: parts.lost },
  };
}

const hasGroup =
  (group: string) =>
  (cfg: UserCfg): boolean =>
    cfg.groups.has(group);

const groupEdits: readonly Edit[] = [
  ofGroup(0, "old", "gets a member of another realm", {
    applies: hasGroup("old"),
    make: ({ bed }) => bed.hands.addToGroup("local@pve", "old"),
    lost: (cfg) =>
      cfg.groups.get("old")?.users.has("local@pve") ? undefined : "the member is gone",
  }),
  ofGroup(1, "old", "gets an ACL entry by hand", {
    acl: true,
    applies: hasGroup("old"),
    make: ({ bed }) =>
      bed.hands.addAcl({ path: "/storage/x", role: "PVEAuditor", groups: ["old"] }),
    lost: (cfg) =>
      aclNodeAt(cfg.acl, "/storage/x").groups.get("old")?.has("PVEAuditor")
        ? undefined
        : "the entry is gone",
  }),
  ofGroup(2, "old", "its mark is taken away", {
    applies: hasGroup("old"),
    make: ({ bed }) => bed.hands.editGroup("old", "ours from now on"),
    lost: (cfg) =>
      cfg.groups.get("old")?.comment === "ours from now on" ? undefined : "the group is gone",
  }),
  ofGroup(0, "taken", "the comment is edited before it is taken over", {
    applies: (cfg) => cfg.groups.get("taken")?.comment === "theirs until now",
    make: ({ bed }) => bed.hands.editGroup("taken", "desk 7"),
    lost: (cfg) => {
      const comment = cfg.groups.get("taken")?.comment ?? "";
      return comment.startsWith("desk 7") ? undefined : `the comment is "${comment}"`;
    },
  }),
  ofGroup(0, "new", "is made by hand before we make it", {
    applies: (cfg) => !cfg.groups.has("new"),
    make: ({ bed }) => {
      bed.hands.createGroup("new", "theirs");
      bed.hands.addToGroup("local@pve", "new");
    },
    lost: (cfg) => {
      const group = cfg.groups.get("new");
      const same = group?.comment === "theirs" && group.users.has("local@pve");
      return same ? undefined : "the group is not theirs any more";
    },
  }),
  ofGroup(1, "ops", "the comment is edited beside the mark", {
    applies: hasGroup("ops"),
    make: ({ bed }) => bed.hands.editGroup("ops", "desk 7 [entra:entra]"),
    lost: (cfg) =>
      cfg.groups.get("ops")?.comment === "desk 7 [entra:entra]" ? undefined : "the comment is gone",
  }),
];

/** Entries of others at the very paths and with the very roles that the pass gives and takes. */
const aclEdits: readonly Edit[] = [
  { path: "/storage", role: "PVEDatastoreUser" },
  { path: "/storage", role: "PVEDatastoreAdmin" },
  { path: "/vms/200", role: "PVEVMUser" },
  { path: "/pool", role: "PVEPoolUser" },
].map(({ path, role }, n) => ({
  name: `${path}: others get ${role} there`,
  round: n % 2,
  shownBy: [ACL],
  writtenBy: [ACL],
  needsReturn: false,
  applies: () => true,
  make: ({ bed }) =>
    bed.hands.addAcl({ path, role, groups: ["manual"], users: ["local@pve"], propagate: n > 1 }),
  lost: (cfg) => {
    const node = aclNodeAt(cfg.acl, path);
    const both = node.groups.get("manual")?.has(role) && node.users.get("local@pve")?.has(role);
    return both === true ? undefined : "the entries are gone";
  },
}));

const finnByHand: Edit = {
  name: "finn: is made by hand before we make them",
  round: 1,
  shownBy: [userPath("finn")],
  writtenBy: ["/access/users"],
  needsReturn: false,
  applies: (cfg) => !cfg.users.has(userid("finn")),
  make: ({ bed }) =>
    bed.hands.createUser(userid("finn"), { comment: "desk 7", groups: ["manual"] }),
  lost: (cfg) => {
    const { text } = parseUserMark(cfg.users.get(userid("finn"))?.comment ?? "");
    const kept = cfg.groups.get("manual")?.users.has(userid("finn")) && text.trim() === "desk 7";
    return kept === true ? undefined : `the comment is "${text}", or the group is gone`;
  },
};

/** An account that is ended by design takes what is theirs with it, whenever it was given. */
const STAY: readonly Name[] = ["anna", "bob", "carl", "dora", "eve", "hal"];
const ENABLED: readonly Name[] = ["anna", "bob", "carl", "dora", "hal"];

/** Every edit; each is made in every gap of the pass. */
export const EDITS: readonly Edit[] = [
  ...STAY.map((name) => joins(0, name)),
  ...(["anna", "bob"] as const).map((name) => leaves(1, name)),
  ...(["carl", "dora", "eve", "hal"] as const).map((name) => entries(1, name)),
  ...ENABLED.map((name) => disabled(2, name)),
  enabled(2, "gus"),
  ...STAY.map((name) => comments(3, name)),
  ...groupEdits,
  ...aclEdits,
  finnByHand,
];

export const ROUNDS = Math.max(...EDITS.map(({ round }) => round)) + 1;
