/**
 * What has to be so after a pass that nothing disturbed: whom both sides let go has lost the group,
 * and whose own object says gone is disabled (P2), or the plan says what they wait for.
 */
import type { Plan } from "../../src/decide/plan.js";
import type { UserCfg } from "../emulators/pve/oracle.js";
import { naiveMark, realmOf } from "./names.js";
import { parsed } from "./rights.js";
import { bearer, isGone, isOut, isWhole, listedIn } from "./say.js";
import type { LivingSite, PassResult } from "./site.js";
import { viewOf } from "./watch.js";

/** Whoever keeps what Entra took away, in words. */
export function keepers(site: LivingSite, result: PassResult): readonly string[] {
  const { outcome, looks, hearing } = result;
  const look = looks.at(-1);
  if (outcome === undefined || look === undefined || outcome.stopped !== undefined) return [];
  const [read, file] = [parsed(look.userCfg), parsed(result.after)];
  const told = new Set(outcome.findings.map(({ subject }) => subject));
  return [...file.users].flatMap(([userid, user]) => {
    const view = viewOf(site, hearing, realmOf(userid), look);
    // What PVE refuses of a write is told with whom it was about.
    if (view === undefined || told.has(userid)) return [];
    // A mark that this pass wrote counts from the next one on, but for an account made anew.
    const [before, now] = [read, file].map((one) =>
      naiveMark(one.users.get(userid)?.comment ?? ""),
    );
    const mark = before === undefined ? undefined : (now ?? before).id;
    const id = bearer(view, userid, mark);
    if (id === undefined) return [];
    // Without a mark a name is all there is, and where the name says nothing that is told, too.
    if (mark === undefined && isDoubted(look.plan, userid)) return [];
    // Whom a list has as enabled nobody asks about: a replica of it lags, and one side says nothing.
    const listed = view.realm.groups.some((mapping) => listedIn(view, mapping).has(id));
    const gone = isGone(view, id) && !(listed && hearing.listed(id)?.accountEnabled === true);
    const kept = view.realm.groups
      .filter((mapping) => gone || isOut(view, mapping, id))
      .filter(({ name }) => file.groups.get(name)?.users.has(userid) === true)
      // Who came in with this very pass came on the list's word; the next one takes it back.
      .filter(({ name }) => read.groups.get(name)?.users.has(userid) === true)
      .filter(({ name }) => !isExcused(look.plan, userid, name))
      // A group that is not ours takes from nobody without a mark; whoever has one is asked about.
      .filter(({ name }) => mark !== undefined || isMarked(file, name, view.realm.name))
      // Nobody is asked for the disabled in a group that could not be read: they have no rights.
      .filter((mapping) => user.enable || isWhole(view, mapping))
      .map(({ name }) => `P2: ${userid} keeps ${name}`);
    const enabled =
      gone &&
      mark !== undefined &&
      user.enable &&
      read.users.get(userid)?.enable === true &&
      !isExcused(look.plan, userid);
    return enabled ? [...kept, `P2: ${userid} stays enabled`] : kept;
  });
}

function isMarked(file: UserCfg, group: string, realm: string): boolean {
  return (file.groups.get(group)?.comment ?? "").endsWith(`[entra:${realm}]`);
}

function isDoubted({ findings }: Plan, userid: string): boolean {
  return findings.some(({ code, subject }) => code === "SYNC_DISAGREES" && subject === userid);
}

/** Held, with a reason, or waiting, with what for. */
function isExcused(plan: Plan, userid: string, group?: string): boolean {
  const held = plan.holds.some(
    ({ change }) =>
      "userid" in change &&
      change.userid === userid &&
      (group === undefined || !("group" in change) || change.group === group),
  );
  return (
    held ||
    plan.waiting.some(({ action: { write } }) => "userid" in write && write.userid === userid)
  );
}

/** Disabled for the moment (P3) in a pass that nothing disturbed, and not enabled again. */
export function leftInMoments({ before, after, outcome }: PassResult): readonly string[] {
  if (outcome === undefined) return [];
  const isIn = (file: UserCfg, userid: string): boolean => {
    const user = file.users.get(userid);
    return user?.enable === false && naiveMark(user.comment ?? "")?.moment === true;
  };
  const [old, now] = [parsed(before), parsed(after)];
  return [...now.users.keys()]
    .filter((userid) => isIn(now, userid) && !isIn(old, userid))
    .filter((userid) => old.users.get(userid)?.enable === true)
    .map((userid) => `P3: ${userid} is left in a moment`);
}
