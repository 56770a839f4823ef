/** What happens by chance between two requests: in Entra, and by hand in PVE. */
import { parseUserMark } from "../../src/decide/mark.js";
import type { Random } from "../emulators/entra/random.js";
import { MANUAL } from "./two-writers-ledger.js";
import { PATHS, person, pick, ROLES, useridOf } from "./two-writers-organisation.js";
import type { Organisation } from "./two-writers-organisation.js";

/** What people may not touch now: an edit of it would fall between a read and its write. */
export interface Windows {
  /** Of this user or group. */
  about(name: string): boolean;
  /** Of anybody's entries. */
  readonly acl: boolean;
}

type Happening = (org: Organisation, random: Random, windows: Windows) => string | undefined;

/** One thing that happens, in words; undefined: what was drawn cannot happen now. */
export function happen(org: Organisation, random: Random, windows: Windows): string | undefined {
  return pick(random, random.index(2) === 0 ? ENTRA : HANDS)(org, random, windows);
}

const joinOrLeave: Happening = ({ bed, people, groups }, random) => {
  const { world } = bed.tenant;
  const [who, group] = [pick(random, people), pick(random, groups)];
  if (!exists(bed, who)) return undefined;
  const inside = world.members(group).includes(who);
  if (inside) world.leave(group, who);
  else world.join(group, who);
  return `${world.user(who).userPrincipalName} ${inside ? "leaves" : "joins"} e${groups.indexOf(group)}`;
};

const ENTRA: readonly Happening[] = [
  ...Array.from({ length: 6 }, () => joinOrLeave),
  ({ bed, people }, random) => {
    const who = pick(random, people);
    if (!exists(bed, who)) return undefined;
    const { world } = bed.tenant;
    const { accountEnabled, userPrincipalName } = world.user(who);
    if (accountEnabled) world.disable(who);
    else world.enable(who);
    return `${userPrincipalName} is ${accountEnabled ? "disabled" : "enabled"} in Entra`;
  },
  ({ bed, people }, random) => {
    const who = pick(random, people);
    if (!exists(bed, who)) return undefined;
    const { userPrincipalName } = bed.tenant.world.user(who);
    bed.tenant.world.rename(who, `r${random.index(1000)}.${userPrincipalName}`.slice(-40));
    return `${userPrincipalName} is renamed`;
  },
  ({ bed, people }, random) => {
    const who = pick(random, people);
    if (!exists(bed, who)) return undefined;
    const { userPrincipalName } = bed.tenant.world.user(who);
    bed.tenant.world.deleteUser(who);
    return `${userPrincipalName} is deleted in Entra`;
  },
  ({ bed, people, groups }, random) => {
    const id = person(bed, `n${people.length}`);
    people.push(id);
    bed.tenant.world.join(pick(random, groups), id);
    return `n${people.length - 1} is new`;
  },
  ({ bed, ledger, people, groups }, random) => {
    const who = pick(random, people);
    if (!exists(bed, who)) return undefined;
    const { userPrincipalName } = bed.tenant.world.user(who);
    const { id } = bed.tenant.world.newPersonUnderOldName(who);
    people.push(id);
    ledger.reused.add(useridOf(userPrincipalName));
    bed.tenant.world.join(pick(random, groups), id);
    return `${userPrincipalName} is another person`;
  },
];

/** Somebody of the realm who has an account, and is in nobody's window. */
function somebody(org: Organisation, random: Random, windows: Windows): string | undefined {
  const users = org.bed.state.users.users;
  const realm = [...users.keys()].filter((userid) => userid.endsWith("@entra")).sort();
  if (realm.length === 0) return undefined;
  const userid = pick(random, realm);
  return windows.about(userid) ? undefined : userid;
}

const HANDS: readonly Happening[] = [
  (org, random, windows) => {
    const userid = somebody(org, random, windows);
    if (userid === undefined) return undefined;
    const group = pick(random, MANUAL);
    const inside = org.bed.state.users.groups.get(group)?.users.has(userid) === true;
    if (inside) org.ledger.leave(userid, group);
    else org.ledger.join(userid, group);
    return `by hand: ${userid} ${inside ? "leaves" : "joins"} ${group}`;
  },
  (org, random, windows) => {
    const userid = somebody(org, random, windows);
    if (userid === undefined) return undefined;
    const user = org.bed.state.users.users.get(userid);
    const { mark } = parseUserMark(user?.comment ?? "");
    if (user?.enable === true) {
      org.ledger.edit((hands) => hands.disableUser(userid));
      org.ledger.disabled.add(userid);
      // Enabled by hand after our disabling and disabled by hand again: no pass may have seen it.
      if (mark?.left !== undefined) org.ledger.open.add(userid);
      return `by hand: ${userid} is disabled`;
    }
    org.ledger.edit((hands) => hands.enableUser(userid));
    if (!org.ledger.disabled.delete(userid)) org.ledger.open.add(userid);
    return `by hand: ${userid} is enabled`;
  },
  (org, random, windows) => {
    const userid = somebody(org, random, windows);
    if (userid === undefined) return undefined;
    const comment = org.bed.state.users.users.get(userid)?.comment ?? "";
    const { text } = parseUserMark(comment);
    const mark = comment.slice(text.length).trim();
    const desk = `desk ${random.index(100)}`;
    org.ledger.texts.set(userid, desk);
    org.ledger.edit((hands) => hands.editUser(userid, { comment: `${desk} ${mark}`.trim() }));
    return `by hand: ${userid} has ${desk}`;
  },
  (org, random, windows) => {
    const path = pick(random, PATHS);
    const role = pick(random, ROLES);
    const userid = random.index(2) === 0 ? somebody(org, random, windows) : undefined;
    if (windows.acl) return undefined;
    const entry =
      userid === undefined
        ? { path, role, groups: [pick(random, MANUAL)] }
        : { path, role, users: [userid] };
    const drop = random.index(3) === 0;
    if (drop) org.ledger.revoke(entry);
    else org.ledger.grant({ ...entry, propagate: random.index(3) > 0 });
    return `by hand: ${JSON.stringify(entry)} ${drop ? "goes" : "comes"}`;
  },
  (org, random, windows) => {
    const userid = somebody(org, random, windows);
    if (userid === undefined || windows.acl || random.index(3) > 0) return undefined;
    org.ledger.edit((hands) => hands.deleteUser(userid));
    org.ledger.gone(userid);
    return `by hand: ${userid} is deleted`;
  },
  (org, random, windows) => {
    const group = pick(random, ["ops", "dev"]);
    const userid = somebody(org, random, windows);
    const cfg = org.bed.state.users;
    if (userid === undefined || !cfg.groups.has(group) || windows.about(group)) return undefined;
    const inside = cfg.groups.get(group)?.users.has(userid) === true;
    // A group of ours is as Entra says: such an edit is undone.
    org.ledger.edit((hands) =>
      inside ? hands.removeFromGroup(userid, group) : hands.addToGroup(userid, group),
    );
    return `by hand: ${userid} ${inside ? "leaves" : "joins"} ${group}, which is ours`;
  },
];

function exists(bed: Organisation["bed"], who: string): boolean {
  return bed.tenant.directory.truth.get("user", who) !== undefined;
}
