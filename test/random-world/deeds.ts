/** What people do between two passes, in Entra and by hand in PVE. */
import type { ObjectId } from "../../src/decide/facts.js";
import { AGENT_USER } from "../emulators/pve/default-world.js";
import type { UserCfg } from "../emulators/pve/oracle.js";
import { aclNodes } from "../emulators/pve/acl-tree.js";
import { ALL_GROUPS, ENTRA_GROUPS, FLAGS, NAMES, PATHS, ROLES, TEXTS } from "./draw.js";
import type { Deed, EDITS } from "./draw.js";
import { ISSUER } from "./config.js";
import { naiveMark, naiveUserid, realmOf } from "./names.js";
import type { MemoryPve } from "./pve.js";
import { addressOf, groupIdOf, idOf } from "./tenant.js";
import type { Tenant } from "./tenant.js";

export type Edit = Deed<(typeof EDITS)[number]>;

export interface Scene {
  readonly tenant: Tenant;
  readonly pve: MemoryPve;
  /** Realm to the claim of its userids. */
  readonly claims: ReadonlyMap<string, string>;
}

/** Whether it could be done as things are. */
export function edit(scene: Scene, deed: Edit): boolean {
  return deed.kind.startsWith("pve-") ? editPve(scene, deed) : editEntra(scene, deed);
}

function editEntra({ tenant }: Scene, { kind, a, b }: Edit): boolean {
  const id = idOf(a % tenant.souls.size);
  const soul = tenant.souls.get(id);
  const group = tenant.groups.get(groupIdOf(b % ENTRA_GROUPS));
  if (soul === undefined || group === undefined) return false;
  const name = addressOf(b);
  switch (kind) {
    case "join":
      group.add(id);
      return soul.gone === "no";
    case "leave":
      return group.delete(id);
    case "enable":
    case "disable":
      tenant.change(id, { accountEnabled: kind === "enable" });
      return true;
    case "soft-delete":
    case "hard-delete":
      soul.gone = kind === "soft-delete" ? "soft" : "hard";
      // A directory forgets the memberships of whom it forgets.
      if (soul.gone === "hard") for (const one of tenant.groups.values()) one.delete(id);
      return true;
    case "restore":
      if (soul.gone !== "soft" || tenant.isTaken(soul.record.userPrincipalName)) return false;
      soul.gone = "no";
      return true;
    case "rename":
      if (soul.gone !== "no" || tenant.isTaken(name)) return false;
      tenant.change(id, { userPrincipalName: name });
      return true;
    case "take-name":
      return takeName(tenant, id, groupIdOf(b % ENTRA_GROUPS));
    case "guest":
      tenant.change(id, { guest: !soul.record.guest });
      return true;
    case "mail":
      tenant.change(id, { mail: b % (NAMES.length + 1) === NAMES.length ? null : name });
      return true;
    case "given-name":
      tenant.change(id, { givenName: b % 3 === 0 ? null : `Given ${b}`, displayName: `D ${b}` });
      return true;
    default:
      group.clear();
      return true;
  }
}

/** Somebody new gets the name of a person who is gone. */
function takeName(tenant: Tenant, id: ObjectId, group: ObjectId): boolean {
  const soul = tenant.souls.get(id);
  if (soul === undefined || tenant.souls.size > 10) return false;
  if (soul.gone === "no") soul.gone = "soft";
  if (tenant.isTaken(soul.record.userPrincipalName)) return false;
  tenant.add(soul.record.userPrincipalName, [group]);
  return true;
}

function editPve(scene: Scene, deed: Edit): boolean {
  const { admin, state } = scene.pve;
  const users = theirUsers(state.users);
  const userid = users[deed.a % Math.max(1, users.length)];
  const group = ALL_GROUPS[deed.b % ALL_GROUPS.length] ?? "";
  const there = state.users.groups.has(group);
  if (userid !== undefined && editUser(scene, deed, userid, there ? group : undefined)) return true;
  switch (deed.kind) {
    case "pve-sign-in":
      return signIn(scene, deed);
    case "pve-group-comment":
      if (!there) return false;
      admin.editGroup(
        group,
        ["", "by hand", "[entra:entra]", "text [entra:entra]"][deed.c % 4] ?? "",
      );
      return true;
    case "pve-make-group":
      if (there) return false;
      admin.createGroup(group, ["", "by hand", "[entra:entra]"][deed.c % 3] ?? "");
      return true;
    case "pve-delete-group":
      if (there) admin.deleteGroup(group);
      return there;
    case "pve-entry":
      if (!there) return false;
      admin.addAcl({ ...entryOf(deed), groups: [group], propagate: deed.b % 3 > 0 });
      return true;
    case "pve-no-entry":
      return removeEntry(scene, deed);
    case "pve-root":
      if (deed.a % 3 === 0) admin.disableUser("root@pam");
      else admin.editUser("root@pam", { enable: true, expire: deed.a % 3 === 1 ? 0 : 1 });
      return true;
    case "pve-admin":
      if (deed.a % 2 === 0) admin.disableUser("admin@pve");
      else admin.enableUser("admin@pve");
      return true;
    case "pve-realm":
      return pointRealm(scene, deed);
    default:
      return false;
  }
}

function entryOf({ a, c }: Edit): { path: string; role: string } {
  // The last role is one that PVE does not have.
  return { path: PATHS[a % PATHS.length] ?? "/", role: ROLES[c % (ROLES.length - 1)] ?? "Watch" };
}

function editUser(
  { pve: { admin, state } }: Scene,
  deed: Edit,
  userid: string,
  group: string | undefined,
): boolean {
  const comment = state.users.users.get(userid)?.comment ?? "";
  const text = naiveMark(comment)?.text ?? comment;
  const mark = `[entra:${idOf(deed.b % 8)}${FLAGS[deed.c % FLAGS.length] ?? ""}]`;
  switch (deed.kind) {
    case "pve-disable":
      admin.disableUser(userid);
      return true;
    case "pve-enable":
      admin.enableUser(userid);
      return true;
    case "pve-delete":
      admin.deleteUser(userid);
      return true;
    case "pve-into-group":
      if (group !== undefined) admin.addToGroup(userid, group);
      return true;
    case "pve-out-of-group":
      if (group !== undefined) admin.removeFromGroup(userid, group);
      return true;
    case "pve-strip-mark":
      admin.editUser(userid, { comment: text });
      return true;
    case "pve-forge-mark":
      admin.editUser(userid, { comment: text === "" ? mark : `${text} ${mark}` });
      return true;
    case "pve-text":
      admin.editUser(userid, {
        comment: comment.replace(text, TEXTS[deed.c % TEXTS.length] ?? "").slice(-2048),
      });
      return true;
    case "pve-token":
      admin.createToken(`${userid}!auto`, "no-secret", deed.b % 2 === 0);
      return true;
    case "pve-own-entry":
      admin.addAcl({ ...entryOf(deed), users: [userid], propagate: deed.b % 3 > 0 });
      return true;
    default:
      return false;
  }
}

/** PVE makes a user at sign-in (autocreate): with neither mark nor groups. */
function signIn({ tenant, pve, claims }: Scene, { a, b }: Edit): boolean {
  const soul = tenant.souls.get(idOf(a % tenant.souls.size));
  const [realm, claim] = [...claims][b % claims.size] ?? [];
  if (soul?.gone !== "no" || realm === undefined || claim === undefined) return false;
  const userid = naiveUserid(soul.record, claim, realm);
  if (userid === undefined || pve.state.users.users.has(userid)) return false;
  pve.admin.createUser(userid);
  return true;
}

function removeEntry({ pve: { admin, state } }: Scene, { a }: Edit): boolean {
  const entries = [...aclNodes(state.users.acl)].flatMap(([path, node]) =>
    [...node.groups].flatMap(([group, roles]) =>
      [...roles.keys()].map((role) => ({ path, role, groups: [group] })),
    ),
  );
  const entry = entries[a % Math.max(1, entries.length)];
  if (entry === undefined) return false;
  admin.removeAcl(entry);
  return true;
}

function pointRealm({ pve: { admin } }: Scene, { a, b }: Edit): boolean {
  const realm = a % 4 === 0 ? "partner" : "entra";
  const properties = [
    { "issuer-url": "https://elsewhere.example/v2.0" },
    { "issuer-url": ISSUER },
    { "issuer-url": ISSUER, "groups-claim": null },
    { "groups-claim": "groups" },
  ][b % 4];
  admin.setRealm(realm, properties ?? {});
  return true;
}

/** Users of the realms that sign in with Entra, in a standing order. */
export function theirUsers(file: UserCfg): readonly string[] {
  return [...file.users.keys()]
    .filter((userid) => !["pam", "pve"].includes(realmOf(userid)) && userid !== AGENT_USER)
    .sort();
}
