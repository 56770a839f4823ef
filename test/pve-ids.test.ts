import fc from "fast-check";
import t from "tap";
import type { Write } from "../src/decide/plan.js";
import { checkPath, groupId, newUserid, realmInPath, useridInPath } from "../src/pve/safe-id.js";
import { AgentError } from "../src/errors.js";
import { buildUserCfg } from "./emulators/pve/index.js";
import { failure, setUp, signal, uid } from "./pve-setup.js";
import { seedOfRun } from "./reliability/size.js";

const BYSTANDERS = ["max_gmail.com", "a@entra", "b@x.com@entra", "wow@x.com@entra"];
const extra = [
  "user:a@entra:1:0::::::",
  "user:b@x.com@entra:1:0::::::",
  "group:g1:::",
  "group:g2:::",
];
const userCfg = buildUserCfg({ aclPaths: ["/vms"], extra });

t.test("odd but bearable userids are made, changed, read and deleted as themselves", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const before = pve.userCfg();
  for (const name of [
    "max_gmail.com#EXT#@contoso.onmicrosoft.com",
    "a#",
    "o'neil&co@x.com",
    "a+b@x.com",
    "wow!x@x.com",
    "50%@x.com",
    "a%2Fb@x.com",
    "a%23b@x.com",
    "who?x=1@x.com",
    "a=b@x.com",
    "~*()@x.com",
    '"quoted"@x.com',
    "back\\slash@x.com",
    "..@x.com",
    "<b>@x.com",
  ]) {
    const userid = uid(`${name}@entra`);
    await port.write(
      { kind: "create-user", userid, fields: {}, groups: ["g1"] },
      undefined,
      signal,
    );
    t.match(await port.readUser(userid, signal), { userid, enable: true, groups: ["g1"] }, name);
    const disable = {
      kind: "update-user",
      userid,
      fields: { enable: false },
      join: ["g2"],
    } as const;
    await port.write({ ...disable, leave: [] }, undefined, signal);
    t.match(await port.readUser(userid, signal), { enable: false, groups: ["g1", "g2"] }, name);
    const { access } = await port.observe(["entra"], signal);
    t.equal(access.users.get(userid)?.enable, false, `${name}: the same in the list`);
    for (const other of BYSTANDERS) t.not(access.users.get(uid(other))?.enable, false);
    await port.write({ kind: "delete-user", userid }, undefined, signal);
  }
  t.same(ordered(pve.userCfg()), ordered(before), "nobody else was touched");
});

t.test("names that PVE or its paths would mangle never leave the program", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const userids = [
    "a b@x.com@entra",
    "a\tb@entra",
    "a/b@entra",
    "a:b@entra",
    "jürgen@entra",
    "山田@entra",
    "a\u0000b@entra",
    "a\nb@entra",
    "@entra",
    "a@",
    "nobody",
    "",
    `${"x".repeat(60)}@entra`,
  ];
  const writes = userids.map(uid).flatMap((userid): Write[] => [
    { kind: "create-user", userid, fields: {}, groups: [] },
    { kind: "update-user", userid, fields: { enable: false }, join: [], leave: [] },
    { kind: "delete-user", userid },
  ]);
  for (const group of ["", "0", ".", "..", "a b", "a,b", "a/b", "ü", "a#b", "a@b"]) {
    const userid = uid("a@entra");
    writes.push(
      { kind: "create-group", group, comment: "" },
      { kind: "update-group", group, comment: "" },
      { kind: "delete-group", group },
      { kind: "create-user", userid: uid("new@entra"), fields: {}, groups: ["g1", group] },
      { kind: "update-user", userid, fields: {}, join: [group], leave: [] },
    );
  }
  const acl = {
    kind: "acl",
    role: "PVEAdmin",
    groups: ["g1"],
    propagate: true,
    delete: false,
  } as const;
  for (const path of ["", "vms", "/vms/", "//vms", "/vms/a b", "/vms:1", "/ü", "/a,b"]) {
    writes.push({ ...acl, path });
  }
  writes.push(
    { ...acl, path: "/vms", role: "a,b" },
    { ...acl, path: "/vms", groups: ["g1", "a;b"] },
  );
  for (const write of writes) {
    const error = await failure(port.write(write, undefined, signal));
    t.equal(error.code, "PVE_UNSAFE_ID", JSON.stringify(write));
  }
  for (const userid of userids) {
    t.equal((await failure(port.readUser(uid(userid), signal))).code, "PVE_UNSAFE_ID");
  }
  for (const realm of ["", "a/b", "a b", "1", "entra#", "..", "ü"]) {
    t.equal((await failure(port.readRealmKey(realm, signal))).code, "PVE_UNSAFE_ID", realm);
  }
  t.equal(pve.log.count(), 0, "nothing was sent");
});

t.test(
  "a user with a comma is disabled and deleted, and never put in a group's list",
  async (t) => {
    const lines = ["user:a,b@x.com@entra:1:0::::::", "user:c;d@x.com@entra:1:0::::::"];
    const { pve, port } = await setUp(t, {
      userCfg: buildUserCfg({ extra: [...lines, ...extra] }),
    });
    for (const name of ["a,b@x.com@entra", "c;d@x.com@entra"]) {
      const update = { kind: "update-user", userid: uid(name), leave: [] } as const;
      const join = port.write({ ...update, fields: {}, join: ["g1"] }, undefined, signal);
      t.equal((await failure(join)).code, "PVE_UNSAFE_ID");
      const list = port.write({ ...update, fields: {}, join: [] }, ["g1"], signal);
      t.equal((await failure(list)).code, "PVE_UNSAFE_ID");
      t.equal(pve.log.count({ method: "PUT" }), 0);
      await port.write({ ...update, fields: { enable: false }, join: [] }, [], signal);
      t.match(await port.readUser(uid(name), signal), { enable: false, groups: [] });
      await port.write({ kind: "delete-user", userid: uid(name) }, undefined, signal);
      pve.log.clear();
    }
    t.notMatch(pve.userCfg(), /a,b|c;d/);
    t.match(pve.userCfg(), /group:g1:::/);
  },
);

t.test("property: a path that passes the last door means just that one name", (t) => {
  const names = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(names, (name) => {
      for (const door of [useridInPath, groupId, realmInPath, newUserid]) {
        const path = passed(() => checkPath(`/access/users/${door(uid(name))}`));
        if (path === undefined || door === newUserid) continue;
        const part = path.slice("/access/users/".length);
        if (/[#?/ ;,]/.test(part) || decodeURIComponent(part) !== name) return false;
      }
      return true;
    }),
    { numRuns: 5000, seed: seedOfRun() },
  );
  for (const path of [
    "/access/users/a#b",
    "/access/users/a?b",
    "/access/users/a%2Fb",
    "/access/users/a%2fb",
    "/access/users/a%20b",
    "/access/users/%C3%BC",
    "/access/users/%",
    "/access/users/",
    "/access//users",
    "/access/../users",
    "/access/%2E%2E/users",
    "/access/users/a\r\nb",
  ]) {
    t.equal(
      passed(() => checkPath(path)),
      undefined,
      JSON.stringify(path),
    );
  }
  t.end();
});

/** PVE puts the file in its own order at the first write. */
function ordered(file: string): string[] {
  return file
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

function passed(check: () => string): string | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof AgentError && error.code === "PVE_UNSAFE_ID") return undefined;
    throw error;
  }
}
