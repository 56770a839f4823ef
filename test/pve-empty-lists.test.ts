import t from "tap";
import { encodeForm } from "../src/pve/form.js";
import { buildUserCfg } from "./emulators/pve/index.js";
import { setUp, signal, uid } from "./pve-setup.js";

const ANNA = uid("anna@x.com@entra");
const userCfg = buildUserCfg({
  extra: [
    "user:anna@x.com@entra:1:0:Anna:Berg:anna@x.com:a comment::",
    "group:g1:anna@x.com@entra:of people:",
    "group:g2:anna@x.com@entra::",
    "group:g3:::",
  ],
});

t.test("an empty list takes a user out of all groups", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const write = {
    kind: "update-user",
    userid: ANNA,
    fields: {},
    join: [],
    leave: ["g1", "g2"],
  } as const;
  await port.write(write, [], signal);
  t.same(
    pve.log.entries().map(({ body }) => body),
    ["groups="],
  );
  t.same((await port.readUser(ANNA, signal)).groups, []);
});

t.test("a list given replaces, joins alone append", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const write = { kind: "update-user", userid: ANNA, fields: {}, join: ["g3"], leave: [] } as const;
  await port.write(write, undefined, signal);
  t.same((await port.readUser(ANNA, signal)).groups, ["g1", "g2", "g3"]);
  await port.write({ ...write, leave: ["g1"] }, ["g2", "g3"], signal);
  t.same((await port.readUser(ANNA, signal)).groups, ["g2", "g3"]);
  t.same(
    pve.log.entries({ method: "PUT" }).map(({ body }) => body),
    ["groups=g3&append=1", "groups=g2%2Cg3"],
  );
});

t.test("empty texts are sent and clear what they name, and only that", async (t) => {
  const { port } = await setUp(t, { userCfg });
  const write = { kind: "update-user", userid: ANNA, join: [], leave: [] } as const;
  await port.write({ ...write, fields: { comment: "", email: "" } }, undefined, signal);
  t.match(await port.readUser(ANNA, signal), {
    comment: "",
    email: "",
    firstname: "Anna",
    lastname: "Berg",
    groups: ["g1", "g2"],
    enable: true,
  });
  await port.write({ kind: "update-group", group: "g1", comment: "" }, undefined, signal);
  const { access } = await port.observe(["entra"], signal);
  t.equal(access.groups.get("g1")?.comment, "");
});

t.test("texts arrive as they were, whatever is in them", async (t) => {
  const { port } = await setUp(t, { userCfg });
  const write = { kind: "update-user", userid: ANNA, join: [], leave: [] } as const;
  for (const comment of [
    "a+b c&d=e%41",
    "line\nbreak\ttab",
    "ü€日😀",
    "[entra:x] 'q' \"q\" <b>",
    "12",
  ]) {
    await port.write({ ...write, fields: { comment, lastname: comment } }, undefined, signal);
    t.match(await port.readUser(ANNA, signal), { comment, lastname: comment }, comment);
  }
});

t.test("a group's entries are given and taken", async (t) => {
  const { pve, port } = await setUp(t, {
    userCfg: userCfg.replaceAll(":/access/realm:", ":/vms:"),
  });
  const acl = { kind: "acl", path: "/vms/100", role: "PVEVMUser", groups: ["g1", "g2"] } as const;
  pve.world.addAcl({
    path: "/vms",
    role: "EntraAcl",
    users: ["entra-agent@pve"],
    tokens: ["entra-agent@pve!agent"],
  });
  await port.write({ ...acl, propagate: false, delete: false }, undefined, signal);
  t.match(pve.userCfg(), /acl:0:\/vms\/100:@g1,@g2:PVEVMUser:/);
  await port.write({ ...acl, groups: ["g1"], propagate: false, delete: true }, undefined, signal);
  t.match(pve.userCfg(), /acl:0:\/vms\/100:@g2:PVEVMUser:/);
});

t.test("parameters: 1 and 0, commas, empty ones sent, absent ones not, nothing changed", (t) => {
  const params = Object.freeze({
    yes: true,
    no: false,
    empty: "",
    none: Object.freeze([]),
    list: Object.freeze(["a", "b"]),
    number: 0,
    absent: undefined,
    nothing: null,
    text: "a b&c",
  });
  t.equal(encodeForm(params), "yes=1&no=0&empty=&none=&list=a%2Cb&number=0&text=a+b%26c");
  t.equal(encodeForm(undefined), "");
  t.end();
});
