import fc from "fast-check";
import t from "tap";
import type { SyncFacts } from "../src/decide/decide.js";
import { decide } from "../src/decide/decide.js";
import type { UserId } from "../src/decide/facts.js";
import { parseGroupMark, parseUserMark } from "../src/decide/mark.js";
import type { Action, Change, Write } from "../src/decide/plan.js";
import { DEV, factsOf, OPS, siteDraw } from "./sync-world.js";
import type { SiteDraw } from "./sync-world.js";
import { seedOfRun } from "./reliability/size.js";

t.setTimeout(300_000);

type Update = Extract<Write, { kind: "update-user" }>;

const FIELDS = new Set(["enable", "comment", "firstname", "lastname", "email"]);
const MAPPED = new Map([
  ["ops", OPS],
  ["dev", DEV],
]);

/** Who may be in a group by what Entra's list says at this moment: the userid and nothing else. */
function listed(facts: SyncFacts, group: string, userid: UserId): boolean {
  const entra = MAPPED.get(group);
  const read = entra === undefined ? undefined : facts.directory.groups.get(entra);
  if (read?.ok !== true) return false;
  return [...read.members].some((id) => {
    const person = facts.directory.people.get(id);
    return (
      person !== undefined &&
      person.accountEnabled &&
      !person.guest &&
      `${person.userPrincipalName}@entra` === userid
    );
  });
}

/** A group that we may take from, or whose members and entries an approval may take. */
function ours(facts: SyncFacts, group: string, approved: boolean): boolean {
  if (group !== "ops" && group !== "dev" && group !== "old") return false;
  const found = facts.access.groups.get(group);
  if (found === undefined) return true;
  const { marked } = parseGroupMark(found.comment, "entra");
  return marked || facts.history.ownGroups.has(group) || approved;
}

function wrongInUpdate(facts: SyncFacts, write: Update, changes: readonly Change[]): string[] {
  const user = facts.access.users.get(write.userid);
  if (user === undefined) return ["updates nobody"];
  const { text, mark } = parseUserMark(user.comment);
  const wrong: string[] = [];
  for (const field of Object.keys(write.fields)) {
    if (!FIELDS.has(field)) wrong.push(`writes ${field}`);
  }
  const { comment, enable } = write.fields;
  if (comment !== undefined && parseUserMark(comment).text !== text) wrong.push("people's comment");
  for (const group of write.join) {
    if (!listed(facts, group, write.userid)) wrong.push(`joins ${group} unlisted`);
    if (!ours(facts, group, false)) wrong.push(`joins a foreign ${group}`);
  }
  for (const group of write.leave) {
    const held = changes.some((c) => c.kind === "leave" && c.group === group && c.needsApproval);
    if (!ours(facts, group, held)) wrong.push(`leaves ${group}`);
  }
  if (enable === true && mark?.left === undefined && mark?.moment !== true) {
    wrong.push("enables whom we did not disable");
  }
  return wrong;
}

/** What a write would do that is not ours to do; `held`: it waits for an approval. */
function wrongIn(facts: SyncFacts, { write, changes }: Action): string[] {
  switch (write.kind) {
    case "create-user":
      return [
        ...write.groups.filter((group) => !listed(facts, group, write.userid)),
        ...write.groups.filter((group) => !ours(facts, group, false)),
        ...(write.userid.endsWith("@entra") ? [] : ["another realm"]),
      ];
    case "update-user":
      if (!write.userid.endsWith("@entra")) return ["another realm"];
      return wrongInUpdate(facts, write, changes);
    case "delete-user": {
      const comment = facts.access.users.get(write.userid)?.comment ?? "";
      return parseUserMark(comment).mark === undefined ? ["deletes an unmarked user"] : [];
    }
    case "create-group":
      return MAPPED.has(write.group) ? [] : ["makes a group that no mapping names"];
    case "update-group":
      return changes.every(({ needsApproval }) => needsApproval !== undefined)
        ? []
        : ["takes over a group without an approval"];
    case "delete-group": {
      const foreign = [...facts.access.users.values()].some(
        ({ realm, groups }) => realm !== "entra" && groups.includes(write.group),
      );
      return write.group === "old" && !foreign ? [] : ["deletes a group"];
    }
    case "acl": {
      const held = changes.every(({ needsApproval }) => needsApproval !== undefined);
      const wrong = write.groups.filter((g) => g === "dev" || !ours(facts, g, held));
      return wrong.map((group) => `an entry of ${group}`);
    }
  }
}

/** A held change as the write that it would become. */
function asAction(change: Change): Action | undefined {
  const { realm } = change;
  const action = (write: Write): Action => ({ id: "", realm, write, changes: [change] });
  switch (change.kind) {
    case "leave":
    case "join": {
      const { userid, group } = change;
      const none: Update = { kind: "update-user", userid, fields: {}, join: [], leave: [] };
      return action({ ...none, [change.kind]: [group] });
    }
    case "delete-user":
      return action({ kind: "delete-user", userid: change.userid });
    case "revoke": {
      const { path, role, propagate, group } = change;
      return action({ kind: "acl", path, role, propagate, groups: [group], delete: true });
    }
    default:
      return undefined;
  }
}

function wrongInPlan(draw: SiteDraw): string[] {
  const facts = factsOf(draw);
  const { plan } = decide(facts, (text) => text);
  const waiting = plan.waiting.map(({ action }) => action);
  const held = plan.holds.flatMap(({ change }) => asAction(change) ?? []);
  return [...plan.actions, ...waiting, ...held].flatMap((action) =>
    wrongIn(facts, action).map((why) => `${JSON.stringify(action.write)}: ${why}`),
  );
}

t.test("P6: no plan touches what is not ours, whatever marks say", async (t) => {
  let actions = 0;
  fc.assert(
    fc.property(siteDraw, (draw) => {
      actions += decide(factsOf(draw), (text) => text).plan.actions.length;
      const wrong = wrongInPlan(draw);
      if (wrong.length > 0) throw new Error(wrong.join("\n"));
    }),
    { numRuns: 1000, seed: seedOfRun() },
  );
  t.ok(actions > 1000, `${actions} actions were looked at`);
});

t.test("P6: where the realm is not trusted, a plan gives nothing to anybody", async (t) => {
  fc.assert(
    fc.property(siteDraw, (draw) => {
      const { plan } = decide(factsOf({ ...draw, trusted: false }), (text) => text);
      for (const { write } of plan.actions) {
        const gives =
          write.kind === "create-user" ||
          write.kind === "create-group" ||
          (write.kind === "acl" && !write.delete) ||
          (write.kind === "update-user" && write.join.length > 0);
        if (gives) throw new Error(JSON.stringify(write));
      }
    }),
    { numRuns: 1000, seed: seedOfRun() },
  );
  t.pass("nothing is given");
});
