import fc from "fast-check";
import t from "tap";
import type { Access, PveUser } from "../src/decide/facts.js";
import { fallback, guardsFallback } from "../src/decide/fallback.js";
import type { Action, Change } from "../src/decide/plan.js";
import {
  accessOf,
  copy,
  create,
  createGroup,
  deleteGroup,
  entry,
  grant,
  naiveApply,
  naiveRights,
  remove,
  revoke,
  ROLES,
  uid,
  update,
  type NaiveAcl,
  type World,
} from "./order-world.js";
import { seedOfRun } from "./reliability/size.js";

const NOW = 2_000_000_000;
const on = (...groups: string[]): { enabled: boolean; groups: string[] } => ({
  enabled: true,
  groups,
});
const off = (...groups: string[]): { enabled: boolean; groups: string[] } => ({
  enabled: false,
  groups,
});

function expiring(access: Access, name: string, expire: number): Access {
  const users = new Map(access.users);
  const user = users.get(uid(name));
  if (user !== undefined) users.set(user.userid, { ...user, expire } satisfies PveUser);
  return { ...access, users };
}

function who(world: World): readonly string[] {
  return fallback(accessOf(world), NOW).who;
}

t.test("P7: who is a way in", (t) => {
  const admins = (name: string, acl: NaiveAcl[], user = on("admins")): World => ({
    users: { [name]: user },
    groups: ["admins"],
    acl,
  });
  const full = [entry("/", "admins", "Administrator")];
  t.same(who(admins("root@pam", [], on())), ["root@pam"], "root@pam needs no entry");
  t.same(who(admins("root@pam", full, off())), [], "but has to be enabled");
  t.same(who(admins("eva@pve", full)), ["eva@pve"], "a pve user by a group");
  t.same(who(admins("eva@pam", [entry("/", "eva@pam", "Administrator")])), ["eva@pam"], "or alone");
  t.same(who(admins("eva@pve", full, off("admins"))), [], "not one who is disabled");
  t.same(who(admins("eva", full)), [], "not a user of another realm");
  t.same(who(admins("agent@pve", full)), [], "not the agent's own user");
  t.same(who(admins("eva@pve", [entry("/vms", "admins", "Administrator")])), [], "not below /");
  t.same(
    who(admins("eva@pve", [entry("/", "admins", "Administrator", false)])),
    ["eva@pve"],
    "propagation is no matter on /",
  );
  t.same(
    who(admins("eva@pve", [...full, entry("/", "admins", "NoAccess")])),
    [],
    "not by NoAccess",
  );
  t.same(
    who(admins("eva@pve", [...full, entry("/", "eva@pve", "Audit")])),
    [],
    "not with an entry of their own that replaces the group's",
  );
  t.end();
});

t.test("P7: who has expired is no way in", (t) => {
  const root = accessOf({ users: { "root@pam": on() }, groups: [], acl: [] });
  t.ok(fallback(expiring(root, "root@pam", 0), NOW).exists, "0 is never");
  t.ok(fallback(expiring(root, "root@pam", NOW + 1), NOW).exists);
  t.notOk(fallback(expiring(root, "root@pam", NOW), NOW).exists);
  t.end();
});

const base: World = {
  users: { "root@pam": on(), "eva@pve": on("admins"), anna: on("g1"), bert: on("g1", "admins") },
  groups: ["g1", "admins"],
  acl: [entry("/", "admins", "Administrator"), entry("/vms", "g1", "Audit")],
};

function guard(
  world: World,
  actions: readonly Action[],
): { allowed: string[]; withheld: string[]; writes: Action["write"][]; messages: string[] } {
  const result = guardsFallback(accessOf(world), actions, NOW);
  return {
    allowed: result.allowed.map((one) => one.id),
    withheld: result.withheld.map((one) => one.id),
    writes: result.allowed.map((one) => one.write),
    messages: result.findings.map((one) => `${one.code}: ${one.message}`),
  };
}

t.test("P7: with a fallback, a plan that leaves it alone goes through as it is", (t) => {
  const actions = [
    create("carl", ["g1"]),
    update("anna", { leave: ["g1"] }),
    update("bert", { leave: ["admins"] }),
    revoke("/vms", "Audit", ["g1"]),
    revoke("/", "Administrator", ["admins"]),
    deleteGroup("admins"),
  ];
  const { allowed, withheld, messages } = guard(base, actions);
  t.same(
    allowed,
    actions.map((one) => one.id),
    "root@pam is left, whoever else loses",
  );
  t.same(withheld, []);
  t.same(messages, []);
  t.end();
});

t.test("P7: no plan touches a fallback", (t) => {
  const touching = [
    update("root@pam", { fields: { enable: false } }),
    update("eva@pve", { leave: ["admins"] }),
    remove("eva@pve"),
  ];
  const { allowed, withheld, messages } = guard(base, touching);
  t.same(allowed, []);
  t.same(
    withheld,
    touching.map((one) => one.id),
  );
  t.equal(messages.length, 3);
  t.match(messages[0], /^SYNC_NO_FALLBACK: left out.*disable \(root@pam\)/);
  t.end();
});

t.test("P7: the entry or group by which the last fallback is one stays", (t) => {
  const world = copy(base);
  world.users["root@pam"] = off();
  const take = revoke("/", "Administrator", ["g1", "admins"]);
  const kill = deleteGroup("admins");
  const bar = grant("/", "NoAccess", ["admins"]);
  const other = revoke("/vms", "Audit", ["g1"]);
  const come = create("carl", ["g1"]);
  const { allowed, withheld, writes, messages } = guard(world, [take, kill, bar, other, come]);
  t.same(allowed, [take.id, other.id, come.id], "the rest goes on, additions too");
  t.match(writes[0], { groups: ["g1"] }, "and so does the rest of a write");
  t.same(withheld, [`${take.id}/withheld`, kill.id, bar.id]);
  t.equal(messages.length, 3);
  t.end();
});

t.test("P7: what a plan gives makes up for nothing that it takes", (t) => {
  const world = copy(base);
  world.users["root@pam"] = off();
  world.users["eva@pve"] = on("admins", "g1");
  const give = grant("/", "Administrator", ["g1"]);
  const take = revoke("/", "Administrator", ["admins"]);
  t.same(guard(world, [give, take]).allowed, [give.id], "the grant may be refused");
  t.end();
});

/** root@pam is disabled, eva is not there: bert of the realm is the only administrator. */
const none: World = {
  users: { "root@pam": off(), anna: on("g1"), bert: on("g1", "admins") },
  groups: ["g1", "admins"],
  acl: [entry("/", "admins", "Administrator"), entry("/vms", "g1", "Audit")],
};

t.test("P7: without a fallback nothing is added, and removals go on", (t) => {
  const gives = [
    create("carl", ["g1"]),
    createGroup("g2"),
    grant("/vms", "Both", ["g1"]),
    update("anna", { join: ["admins"] }),
    update("root@pam", { fields: { enable: true } }),
  ];
  const takes = [
    update("anna", { leave: ["g1"] }),
    update("anna", { fields: { enable: false } }),
    update("anna", { fields: { firstname: "A" } }),
    remove("anna"),
    revoke("/vms", "Audit", ["g1"]),
    deleteGroup("g1"),
  ];
  const { allowed, withheld, messages } = guard(none, [...gives, ...takes]);
  t.same(
    allowed,
    takes.map((one) => one.id),
  );
  t.same(
    withheld,
    gives.map((one) => one.id),
  );
  t.equal(messages.length, 1);
  t.match(messages[0], /^SYNC_NO_FALLBACK: neither root@pam nor another/);
  t.same(guard(none, []).messages, messages, "it is said even when there is nothing to do");
  t.end();
});

t.test("P7: without a fallback a write that gives and takes only takes", (t) => {
  const change = (kind: "join" | "leave", group: string): Change => ({
    kind,
    group,
    userid: uid("anna"),
    realm: "x",
    reason: "",
  });
  const move: Action = {
    ...update("anna", { join: ["admins"], leave: ["g1"], fields: { comment: "c" } }),
    changes: [change("join", "admins"), change("leave", "g1")],
  };
  const { allowed, withheld } = guardsFallback(accessOf(none), [move], NOW);
  t.match(allowed, [{ id: move.id, write: { join: [], leave: ["g1"], fields: { comment: "c" } } }]);
  t.same(
    allowed[0]?.changes.map((one) => one.kind),
    ["leave"],
  );
  t.match(withheld, [
    { id: `${move.id}/giving`, write: { join: ["admins"], leave: [], fields: {} } },
  ]);
  t.same(
    withheld[0]?.changes.map((one) => one.kind),
    ["join"],
  );

  const back = update("anna", { leave: ["g1"], fields: { enable: true, comment: "c" } });
  const [taken] = guardsFallback(accessOf(none), [back], NOW).allowed;
  t.match(taken?.write, { leave: ["g1"], fields: {} }, "enabling is giving");
  const leaver = update("anna", { join: ["admins"], fields: { enable: false, comment: "c" } });
  const [disabled] = guardsFallback(accessOf(none), [leaver], NOW).allowed;
  t.match(disabled?.write, { join: [], fields: { enable: false, comment: "c" } });
  t.end();
});

t.test("P7: without a fallback the end of a moment goes on", (t) => {
  const end = update("anna", { fields: { enable: true, comment: "" } }, { moment: true });
  t.same(guard(none, [end]).allowed, [end.id]);
  t.end();
});

t.test(
  "P7: without a fallback the last administrator on / is not removed, by whatever way",
  (t) => {
    const ways: readonly (readonly [string, Action])[] = [
      ["leaving the group", update("bert", { leave: ["admins"] })],
      ["being disabled", update("bert", { fields: { enable: false } })],
      ["being deleted", remove("bert")],
      ["the group's entry", revoke("/", "Administrator", ["admins"])],
      ["the group", deleteGroup("admins")],
    ];
    for (const [way, one] of ways) {
      const { allowed, withheld, messages } = guard(none, [one]);
      t.same(allowed, [], way);
      t.same(withheld, [one.id], way);
      t.match(messages[1], /would remove the last administrator/, way);
    }
    t.end();
  },
);

t.test("P7: of several administrators the last one stays, and of a write what may go", (t) => {
  const world = copy(none);
  world.users["anna"] = on("g1", "admins");
  const first = update("anna", { leave: ["g1", "admins"] });
  const second = update("bert", { leave: ["g1", "admins"], fields: { comment: "c" } });
  const { allowed, withheld, writes } = guard(world, [first, second]);
  t.same(allowed, [first.id, second.id]);
  t.match(writes[1], { leave: ["g1"], fields: { comment: "c" } });
  t.same(withheld, [`${second.id}/withheld`]);

  const agent = copy(none);
  agent.users["agent@pve"] = on("admins");
  const last = update("bert", { leave: ["admins"] });
  t.same(guard(agent, [last]).allowed, [], "the agent itself is nobody's way in");
  t.end();
});

t.test("P7: where nobody is an administrator, every removal goes on", (t) => {
  const world: World = { users: { anna: on("g1") }, groups: ["g1"], acl: [] };
  const takes = [update("anna", { leave: ["g1"] }), remove("anna")];
  t.same(
    guard(world, takes).allowed,
    takes.map((one) => one.id),
  );
  t.end();
});

t.test("P7: whatever the plan, somebody is left who was there before", (t) => {
  const names = ["root@pam", "eva@pve", "anna", "bert"];
  const groups = ["g1", "g2"];
  const places = fc.constantFrom("/", "/vms");
  const roles = fc.constantFrom("Administrator", "Administrator", "Audit", "NoAccess");
  const anyAction = fc.oneof(
    fc
      .tuple(fc.constantFrom(...names), fc.subarray(groups), fc.subarray(groups), fc.nat(3))
      .map(([name, leave, join, n]) =>
        update(name, {
          leave,
          join: join.filter((group) => !leave.includes(group)),
          fields: n === 0 ? { enable: false } : n === 1 ? { enable: true } : {},
        }),
      ),
    fc.tuple(places, roles, fc.subarray(groups, { minLength: 1 })).map((r) => revoke(...r)),
    fc.tuple(places, roles, fc.subarray(groups, { minLength: 1 })).map((r) => grant(...r)),
    fc.constantFrom(...groups).map(deleteGroup),
    fc.constantFrom(...names).map(remove),
  );
  const anyWorld = fc
    .record({
      users: fc.tuple(...names.map(() => fc.tuple(fc.boolean(), fc.subarray(groups)))),
      acl: fc.array(fc.tuple(places, fc.constantFrom(...groups, "eva@pve"), roles), {
        maxLength: 4,
      }),
    })
    .map(({ users, acl }): World => {
      const list = users.map(([enabled, of], n) => [names[n], { enabled, groups: of }]);
      const entries = acl.map(([path, ugid, role]) => entry(path, ugid, role));
      const unique = new Map(entries.map((e) => [`${e.path} ${e.ugid} ${e.role}`, e]));
      return { users: Object.fromEntries(list), groups: [...groups], acl: [...unique.values()] };
    });
  const full = [...(ROLES.get("Administrator") ?? [])];
  const administrators = (world: World): string[] =>
    Object.entries(world.users)
      .filter(([name, user]) => {
        if (!user.enabled) return false;
        if (name === "root@pam") return true;
        const rights = naiveRights(world, name, "/");
        return full.every((privilege) => rights.has(privilege));
      })
      .map(([name]) => name);
  const outside = (list: readonly string[]): string[] => list.filter((name) => name.includes("@"));
  const seed = seedOfRun();
  const details = fc.check(
    fc.property(anyWorld, fc.array(anyAction, { maxLength: 6 }), (world, actions) => {
      const before = administrators(world);
      const now = copy(world);
      for (const { write } of guardsFallback(accessOf(world), actions, NOW).allowed) {
        try {
          naiveApply(now, write);
        } catch {
          continue; // PVE refuses it: nothing changes
        }
      }
      const after = administrators(now);
      if (before.length > 0 && after.length === 0) throw new Error("nobody is left");
      if (outside(before).length > 0 && outside(after).length === 0) throw new Error("no fallback");
    }),
    { numRuns: 300, seed },
  );
  if (details.failed) t.comment(fc.defaultReportMessage(details));
  t.notOk(details.failed, `300 runs, seed ${seed}`);
  t.end();
});
