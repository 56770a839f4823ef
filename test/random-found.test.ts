/** What random worlds found, told again in few words: each of these failed first. */
import t from "tap";
import type { Test } from "tap";
import { ALL_GROUPS, PATHS, ROLES } from "./random-world/draw.js";
import type { EntryDraw, UserDraw } from "./random-world/draw.js";
import { PlainSite, plainMapping, plainPerson, plainRealm } from "./random-world/plain.js";
import type { PlainLife } from "./random-world/plain.js";
import { idOf } from "./random-world/tenant.js";

const entry = (path: (typeof PATHS)[number], role: (typeof ROLES)[number]): EntryDraw => ({
  path: PATHS.indexOf(path),
  role: ROLES.indexOf(role),
  propagate: true,
});

function siteFor(t: Test, life: PlainLife): PlainSite {
  const site = new PlainSite(life);
  t.teardown(() => site.close());
  return site;
}

t.test("a name given to another takes nothing from them that was the predecessor's", async (t) => {
  const site = siteFor(t, {
    // The one whom the mark names is called otherwise now, and in no mapping.
    people: [plainPerson(0, [0]), plainPerson(1, [])],
    groups: ["[entra:entra]"],
    realms: [plainRealm([plainMapping([0])])],
    // An administrator disabled the account: nothing is left to disable.
    users: [{ person: 0, realm: 0, enable: false, groups: [0], text: 0, mark: 1, flags: 0 }],
  });
  await site.pass();
  t.ok(site.members("ops").includes("anna@x.example@entra"), "the successor is in the group");
  const { look } = await site.pass();
  t.strictSame(look.plan.actions, [], "and nothing is left to do");
});

t.test("nothing is given to a group whose adoption PVE refuses", async (t) => {
  const site = siteFor(t, {
    people: [plainPerson(0, [0]), plainPerson(1, [0])],
    groups: ["by hand"],
    realms: [plainRealm([plainMapping([0], { adopt: true, acl: [entry("/vms", "Watch")] })])],
  });
  const asked = await site.pass();
  t.strictSame(
    asked.look.plan.holds.map(({ change }) => change.kind),
    ["adopt-group"],
    "the adoption waits for an approval",
  );
  const refused = [{ kind: "refused-once" as const, a: 0, b: 0, c: 0 }];
  const { outcome } = await site.pass({ approve: true, faults: refused });
  t.strictSame(outcome?.done, [], "then everything of that group waits for it");
  t.strictSame(site.members("ops"), ["local@pve"]);
  await site.pass();
  t.strictSame(site.members("ops"), ["anna@x.example@entra", "ben@x.example@entra", "local@pve"]);
});

t.test("a move into a group that is taken over comes after the taking over", async (t) => {
  const site = siteFor(t, {
    people: [plainPerson(0, [1])],
    groups: ["by hand", "[entra:entra]"],
    realms: [plainRealm([plainMapping([0], { adopt: true }), plainMapping([1])])],
  });
  await site.pass();
  t.strictSame(site.members("dev"), ["anna@x.example@entra"]);
  const moves = [
    { kind: "leave" as const, a: 0, b: 1, c: 0 },
    { kind: "join" as const, a: 0, b: 0, c: 0 },
  ];
  await site.pass({ edits: moves, approve: true });
  t.strictSame(site.members("dev"), []);
  t.strictSame(site.members("ops"), ["anna@x.example@entra", "local@pve"]);
});

t.test("a group that another realm's mapping takes over is not deleted as an orphan", async (t) => {
  const site = siteFor(t, {
    people: [plainPerson(0, [0]), plainPerson(1, [])],
    groups: ["[entra:partner]"],
    realms: [
      plainRealm([plainMapping([0], { adopt: true, acl: [entry("/vms", "Watch")] })]),
      plainRealm([]),
    ],
    users: [{ person: 1, realm: 1, enable: true, groups: [0], text: 0, mark: "own", flags: 0 }],
    entries: [{ ...entry("/vms", "Watch"), holder: 0 }],
  });
  await site.pass();
  await site.pass({ approve: true });
  t.strictSame(site.members("ops"), ["anna@x.example@entra", "local@pve"], "its people are in it");
  t.match(site.site.pve.state.userCfgText, /acl:1:\/vms:[^:]*@ops/, "and it keeps its entry");
  const { look } = await site.pass();
  t.strictSame(look.plan.actions, [], "nothing is left to do");
});

t.test("a group is not deleted with an entry that nobody let go", async (t) => {
  const site = siteFor(t, {
    people: [],
    groups: [undefined, undefined, undefined, undefined, "[entra:entra]"],
    realms: [plainRealm([])],
  });
  await site.pass();
  const given = [{ kind: "pve-entry" as const, a: 1, b: ALL_GROUPS.indexOf("old"), c: 0 }];
  await site.pass({ edits: given, approve: true });
  const { userCfgText } = site.site.pve.state;
  t.match(userCfgText, /^group:old:/m, "the approval was for a group without it");
  t.match(userCfgText, /@old/);
});

/** Two people with one mail, of whom the first has the account. */
const ONE_MAIL = { claim: "email" as const };
const FIRST = { person: 0, realm: 0, enable: true, text: 0, mark: "own" as const, flags: 0 };

t.test("whose name another person seems to have loses what both sides take away", async (t) => {
  const site = siteFor(t, {
    people: [
      { ...plainPerson(0, []), mail: 0 },
      { ...plainPerson(1, [0]), mail: 0 },
      plainPerson(2, [0]),
      plainPerson(3, [0]),
    ],
    groups: ["[entra:entra]"],
    realms: [plainRealm([plainMapping([0])], ONE_MAIL)],
    users: [{ ...FIRST, groups: [0] }],
  });
  await site.pass();
  const { look } = await site.pass();
  t.notOk(site.members("ops").includes("anna@x.example@entra"), "the group is lost");
  t.equal(site.site.pve.state.users.users.get("anna@x.example@entra")?.enable, false);
  t.match(
    look.plan.findings.map(({ message }) => message).join("\n"),
    /anna@x.example@entra.*two people/,
    "the other one gets nothing, and it is said why",
  );
});

t.test(
  "whose name another person seems to have is disabled when Entra disables them",
  async (t) => {
    const site = siteFor(t, {
      people: [
        { ...plainPerson(0, [0]), mail: 0, guest: true },
        { ...plainPerson(1, [0]), mail: 0 },
      ],
      groups: ["[entra:entra]"],
      realms: [plainRealm([plainMapping([0])], ONE_MAIL)],
    });
    // Listed as a guest, who has no name in this realm: so the lists give the name to the other.
    site.site.pve.admin.createUser("anna@x.example@entra", {
      comment: `[entra:${idOf(0)}]`,
      groups: ["ops"],
    });
    const edits = [
      { kind: "guest" as const, a: 0, b: 0, c: 0 },
      { kind: "disable" as const, a: 0, b: 0, c: 0 },
    ];
    const lies = [{ kind: "list-old-record" as const, a: 0, b: 0, c: 0 }];
    await site.pass({ edits, lies });
    t.equal(site.site.pve.state.users.users.get("anna@x.example@entra")?.enable, false);
    t.notOk(site.members("ops").includes("anna@x.example@entra"));
  },
);

t.test(
  "P2: sides that disagree about an account agree that it is in no group of the mapping",
  async (t) => {
    const site = siteFor(t, {
      people: [plainPerson(0, [0, 1]), plainPerson(1, [0])],
      groups: ["[entra:entra]", "[entra:entra]"],
      realms: [plainRealm([plainMapping([0]), plainMapping([1])])],
      users: [
        { ...FIRST, person: 0, groups: [0, 1] },
        { ...FIRST, person: 1, groups: [0] },
      ],
    });
    await site.pass();
    const [left, stays] = ALL_GROUPS.filter((group) =>
      site.members(group).includes("anna@x.example@entra"),
    );
    const edits = [
      { kind: "leave" as const, a: 0, b: 0, c: 0 },
      { kind: "disable" as const, a: 0, b: 0, c: 0 },
    ];
    const lies = [{ kind: "own-old-record" as const, a: 0, b: 0, c: 0 }];
    await site.pass({ edits, lies });
    t.equal(site.site.pve.state.users.users.get("anna@x.example@entra")?.enable, true, "unsure");
    t.notOk(site.members(left ?? "").includes("anna@x.example@entra"), "both sides say so");
    t.ok(site.members(stays ?? "").includes("anna@x.example@entra"), "one side says so");
  },
);

t.test("who takes over a name counts as coming in: the group is not emptied", async (t) => {
  const member = (person: number): UserDraw => ({ ...FIRST, person, groups: [0] });
  const site = siteFor(t, {
    people: [plainPerson(0, []), plainPerson(1, []), plainPerson(2, [0]), plainPerson(3, [])],
    groups: ["[entra:entra]"],
    realms: [plainRealm([plainMapping([0])])],
    // The third one's name has an account already, whose mark names the fourth.
    users: [member(0), member(1), { ...FIRST, person: 2, enable: false, groups: [], mark: 3 }],
  });
  const { look } = await site.pass();
  t.strictSame(look.plan.holds, []);
  t.strictSame(site.members("ops"), ["cleo@x.example@entra", "local@pve"]);
});

t.test("an account is not deleted with a membership that nobody let go", async (t) => {
  const [leaves, stays] = [[], [0]];
  const site = siteFor(t, {
    people: [plainPerson(0, leaves), plainPerson(1, stays)],
    groups: ["[entra:entra]"],
    realms: [plainRealm([plainMapping([0])], { onLeave: "delete" })],
    users: [
      { ...FIRST, person: 0, groups: [] },
      { ...FIRST, person: 1, groups: [0] },
    ],
    guard: { maxRemovals: 0 },
  });
  const userid = "anna@x.example@entra";
  const asked = await site.pass();
  t.strictSame(
    asked.look.plan.holds.map(({ change }) => change.kind),
    ["delete-user"],
    "the account is all there is to lose",
  );
  site.site.pve.admin.addToGroup(userid, "ops");
  await site.pass({ approve: true });
  t.ok(site.members("ops").includes(userid), "of the group nobody has said anything");
});

t.test("a user whose name begins with an @ stops no pass", async (t) => {
  const site = siteFor(t, {
    people: [plainPerson(0, [0])],
    realms: [plainRealm([plainMapping([0])])],
  });
  site.site.pve.admin.createUser("@odd@pve");
  await site.pass();
  t.strictSame(site.members("ops"), ["anna@x.example@entra"]);
});

t.test(
  "whom both sides call otherwise loses the old name, be its new bearer certain or not",
  async (t) => {
    const site = siteFor(t, {
      people: [plainPerson(0, [0, 1]), plainPerson(1, [1])],
      realms: [plainRealm([plainMapping([0]), plainMapping([1])])],
    });
    await site.pass();
    t.ok(site.members("ops").includes("anna@x.example@entra"));
    const edits = [
      { kind: "rename" as const, a: 0, b: 2, c: 0 },
      { kind: "rename" as const, a: 1, b: 0, c: 0 },
      { kind: "leave" as const, a: 0, b: 0, c: 0 },
    ];
    const lies = [{ kind: "own-unknown" as const, a: 1, b: 0, c: 0 }];
    await site.pass({ edits, lies });
    t.notOk(site.members("ops").includes("anna@x.example@entra"));
    t.equal(site.site.pve.state.users.users.get("anna@x.example@entra")?.enable, false);
  },
);
