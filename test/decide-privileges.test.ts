import fc from "fast-check";
import t from "tap";
import { privilegedGroup, privilegedRole } from "../src/decide/privileged.js";
import { privilegesAt, rightsDelta } from "../src/decide/privileges.js";
import { apply, newState, obstacle, possible, stateOf } from "../src/decide/simulation.js";
import {
  accessOf,
  action,
  create,
  createGroup,
  deleteGroup,
  entry,
  grant,
  naiveRights,
  placesOf,
  remove,
  revoke,
  uid,
  update,
  type NaiveAcl,
  type World,
} from "./order-world.js";
import { seedOfRun } from "./reliability/size.js";

const anna = { enabled: true, groups: ["g1", "g2"] };

function world(acl: NaiveAcl[], user = anna): World {
  return { users: { anna: user }, groups: ["g1", "g2", "g3"], acl };
}

const AUDIT = ["VM.Audit"];
const CONSOLE = ["VM.Console"];
const BOTH = ["VM.Audit", "VM.Console"];

const TABLE: readonly { name: string; acl: NaiveAcl[]; path: string; has: string[] }[] = [
  { name: "no entry gives nothing", acl: [], path: "/vms", has: [] },
  {
    name: "an entry of a group counts at its path",
    acl: [entry("/vms", "g1", "Audit")],
    path: "/vms",
    has: AUDIT,
  },
  {
    name: "an entry that propagates counts below its path",
    acl: [entry("/vms", "g1", "Audit")],
    path: "/vms/100",
    has: AUDIT,
  },
  {
    name: "an entry that does not propagate counts at its path",
    acl: [entry("/vms", "g1", "Audit", false)],
    path: "/vms",
    has: AUDIT,
  },
  {
    name: "an entry that does not propagate does not count below",
    acl: [entry("/vms", "g1", "Audit", false)],
    path: "/vms/100",
    has: [],
  },
  {
    name: "an entry does not count for a path that only begins alike",
    acl: [entry("/vms/10", "g1", "Audit")],
    path: "/vms/100",
    has: [],
  },
  {
    name: "a deeper entry replaces an inherited one",
    acl: [entry("/", "g1", "Audit"), entry("/vms", "g1", "Console")],
    path: "/vms/100",
    has: CONSOLE,
  },
  {
    name: "a deeper entry of another group replaces as well",
    acl: [entry("/", "g1", "Both"), entry("/vms", "g2", "Console")],
    path: "/vms/100",
    has: CONSOLE,
  },
  {
    name: "an entry in between that does not propagate lets what is above pass",
    acl: [entry("/", "g1", "Audit"), entry("/vms", "g1", "Console", false)],
    path: "/vms/100",
    has: AUDIT,
  },
  {
    name: "groups at one level add up",
    acl: [entry("/vms", "g1", "Audit"), entry("/vms", "g2", "Console")],
    path: "/vms",
    has: BOTH,
  },
  {
    name: "two roles of one group add up",
    acl: [entry("/vms", "g1", "Audit"), entry("/vms", "g1", "Console")],
    path: "/vms",
    has: BOTH,
  },
  {
    name: "the user's own entry replaces the groups' at the same level",
    acl: [entry("/vms", "g1", "Audit"), entry("/vms", "anna@x", "Console")],
    path: "/vms",
    has: CONSOLE,
  },
  {
    name: "a group's deeper entry replaces the user's own",
    acl: [entry("/", "anna@x", "Console"), entry("/vms", "g1", "Audit")],
    path: "/vms",
    has: AUDIT,
  },
  {
    name: "an own entry that does not propagate leaves the groups' on the way",
    acl: [entry("/vms", "g1", "Audit"), entry("/vms", "anna@x", "Console", false)],
    path: "/vms/100",
    has: AUDIT,
  },
  {
    name: "NoAccess beats every other role of its level",
    acl: [entry("/vms", "g1", "Both"), entry("/vms", "g2", "NoAccess")],
    path: "/vms",
    has: [],
  },
  {
    name: "NoAccess of a level above is replaced",
    acl: [entry("/", "g2", "NoAccess"), entry("/vms", "g1", "Audit")],
    path: "/vms",
    has: AUDIT,
  },
  {
    name: "a role without privileges replaces",
    acl: [entry("/", "g1", "Audit"), entry("/vms", "g1", "Empty")],
    path: "/vms",
    has: [],
  },
  {
    name: "a role that PVE does not list counts and gives nothing",
    acl: [entry("/", "g1", "Audit"), entry("/vms", "g1", "Gone")],
    path: "/vms",
    has: [],
  },
  {
    name: "a group that the user is not in gives nothing",
    acl: [entry("/vms", "g3", "Audit")],
    path: "/vms",
    has: [],
  },
  {
    name: "an entry of the user's token is not the user's",
    acl: [{ ...entry("/vms", "anna@x!t", "Audit"), type: "token" as "user" }],
    path: "/vms",
    has: [],
  },
];

t.test("effective privileges, as PVE resolves them", (t) => {
  for (const { name, acl, path, has } of TABLE) {
    t.same([...privilegesAt(accessOf(world(acl)), uid("anna"), path)].sort(), has, name);
  }
  t.end();
});

t.test("who holds nothing, and who holds everything", (t) => {
  const acl = [entry("/", "g1", "Administrator")];
  const off = accessOf(world(acl, { ...anna, enabled: false }));
  t.same([...privilegesAt(off, uid("anna"), "/")], [], "a disabled user holds nothing");
  t.same([...privilegesAt(off, uid("bert"), "/")], [], "nobody holds nothing");
  const root = accessOf({
    users: { "root@pam": { enabled: true, groups: [] } },
    groups: [],
    acl: [],
  });
  const all = ["Permissions.Modify", "Sys.Modify", "VM.Audit", "VM.Console"];
  t.same([...privilegesAt(root, uid("root@pam"), "/any")].sort(), all, "root@pam needs no entry");
  t.end();
});

t.test("the same as the naive walk, for random trees", (t) => {
  const path = fc.constantFrom("/", "/vms", "/vms/1", "/vms/1/x", "/pool", "/pool/p");
  const who = fc.constantFrom("g1", "g2", "g3", "anna@x");
  const role = fc.constantFrom("Audit", "Console", "Both", "Empty", "NoAccess");
  const acl = fc.uniqueArray(fc.tuple(path, who, role, fc.boolean()), {
    maxLength: 10,
    selector: ([p, w, r]) => `${p} ${w} ${r}`,
  });
  const details = fc.check(
    fc.property(acl, fc.subarray(["g1", "g2", "g3"]), (entries, groups) => {
      const one = world(
        entries.map(([p, w, r, propagate]) => entry(p, w, r, propagate)),
        { enabled: true, groups },
      );
      for (const [place, pool] of placesOf(one)) {
        if (pool !== undefined) continue;
        const expected = [...naiveRights(one, "anna", place)].sort();
        const found = [...privilegesAt(accessOf(one), uid("anna"), place)].sort();
        if (expected.join() !== found.join()) throw new Error(`${place}: ${found.join()}`);
      }
    }),
    { numRuns: 300, seed: seedOfRun() },
  );
  t.notOk(
    details.failed,
    `seed ${details.seed}${details.failed ? (fc.defaultReportMessage(details) ?? "") : ""}`,
  );
  t.end();
});

t.test("what somebody loses and gains", (t) => {
  const before = world([entry("/", "g1", "Audit"), entry("/vms", "g1", "Both")]);
  const access = accessOf(before);
  const delta = (...actions: Parameters<typeof newState>[1]): unknown => {
    const { lost, gained } = rightsDelta(stateOf(access), newState(access, actions), uid("anna"));
    return { lost: Object.fromEntries(lost), gained: Object.fromEntries(gained) };
  };
  t.same(delta(), { lost: {}, gained: {} }, "nothing, when nothing changes");
  t.same(
    delta(grant("/vms", "Both", ["g1"], false)),
    { lost: { "/vms/*": CONSOLE }, gained: {} },
    "below a path only, where propagation ends",
  );
  t.same(
    delta(revoke("/vms", "Both", ["g1"])),
    { lost: { "/vms": CONSOLE }, gained: {} },
    "a path's /* is not repeated where it is the same",
  );
  t.same(
    delta(grant("/pool/p", "Console", ["g2"], false)),
    { lost: { "/pool/p": AUDIT }, gained: { "/pool/p": CONSOLE } },
    "a deeper entry takes what was inherited",
  );
  t.same(
    delta(update("anna", { fields: { enable: false } })),
    { lost: { "/": AUDIT, "/vms": BOTH }, gained: {} },
    "everything, when disabled",
  );
  t.end();
});

t.test("what a write makes of the state, and undoing it", (t) => {
  const before = world([entry("/vms", "g1", "Audit"), entry("/vms", "anna@x", "Both")]);
  const rights = (state: ReturnType<typeof stateOf>): unknown => ({
    users: [...state.users].map(([id, { enabled, comment, groups }]) => [
      id,
      enabled,
      comment,
      [...groups].sort(),
    ]),
    members: [...state.members].map(([group, members]) => [group, [...members].sort()]).sort(),
    acl: [...state.acl]
      .map(([path, node]) => [
        path,
        [...node.users.keys()],
        [...node.groups].map(([g, r]) => [g, [...r.roles]]),
      ])
      .filter(([, users, groups]) => (users?.length ?? 0) + (groups?.length ?? 0) > 0),
    deleted: [...state.deleted],
  });
  const writes = [
    create("bert", ["g1"]),
    update("anna", { join: ["g3"], leave: ["g1"], fields: { enable: false, comment: "c" } }),
    remove("anna"),
    createGroup("g4"),
    deleteGroup("g1"),
    action({ kind: "update-group", group: "g1", comment: "c" }),
    grant("/vms", "Audit", ["g1", "g2"], false),
    grant("/new", "Audit", ["g1"]),
    revoke("/vms", "Audit", ["g1"]),
  ];
  for (const { write } of writes) {
    const state = stateOf(accessOf(before));
    t.ok(possible(state, write), `${write.kind} is possible`);
    const undo = apply(state, write);
    if (write.kind !== "update-group") {
      t.notSame(
        rights(state),
        rights(stateOf(accessOf(before))),
        `${write.kind} changes something`,
      );
    }
    undo();
    t.same(rights(state), rights(stateOf(accessOf(before))), `${write.kind} is undone`);
  }
  const gone = stateOf(accessOf(before));
  apply(gone, remove("anna").write);
  t.equal(gone.acl.get("/vms")?.users.size, 0, "deleting a user deletes the user's entries");
  apply(gone, deleteGroup("g1").write);
  t.equal(gone.acl.get("/vms")?.groups.size, 0, "deleting a group deletes its entries");
  t.end();
});

t.test("what PVE would refuse", (t) => {
  const state = stateOf(accessOf(world([])));
  const why = (one: ReturnType<typeof action>): string | undefined =>
    obstacle(state, one.write)?.why;
  t.equal(why(create("anna", [])), "user anna@x still exists");
  t.equal(why(create("bert", ["g9"])), "group g9 does not exist");
  t.equal(why(update("bert", {})), "user bert@x does not exist");
  t.equal(why(update("anna", { join: ["g9"] })), "group g9 does not exist");
  t.equal(why(update("anna", { leave: ["g9"] })), undefined, "leaving what is gone is no trouble");
  t.equal(why(remove("bert")), "user bert@x does not exist");
  t.equal(why(createGroup("g1")), "group g1 exists already");
  t.equal(why(deleteGroup("g9")), "group g9 does not exist");
  t.equal(why(grant("/", "Audit", ["g9"])), "group g9 does not exist");
  t.equal(why(grant("/", "Gone", ["g1"])), "role Gone does not exist");
  t.end();
});

t.test("privileged roles and groups", (t) => {
  const access = accessOf(world([entry("/vms", "g1", "Administrator"), entry("/", "g2", "Both")]));
  t.ok(privilegedRole(access, "Administrator"));
  t.notOk(privilegedRole(access, "Both"));
  t.ok(privilegedGroup(access, "g1", undefined), "by the ACL as read");
  t.notOk(privilegedGroup(access, "g2", undefined));
  t.end();
});
