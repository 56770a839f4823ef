import { inspect } from "node:util";
import t from "tap";
import { isRealm } from "../src/decide/facts.js";
import { buildDomainsCfg, buildUserCfg } from "./emulators/pve/index.js";
import { failure, setUp, signal, uid } from "./pve-setup.js";

const KEY = "abc~the.key.of.the.realm";
const userCfg = buildUserCfg({
  realms: ["entra", "second"],
  aclPaths: ["/vms"],
  extra: [
    "user:anna@x.com@entra:1:1900000000:%C3%85nna:Berg%3Aoni:anna@x.com:a%3Ab%0Ac [entra%3Ax]::",
    "token:anna@x.com@entra!ci:1800000000:0:build:",
    "user:bert@x.com@entra:0:0::::::",
    "group:admins:anna@x.com@entra,bert@x.com@entra:Admins:",
    "group:empty:::",
    "role:Lab:VM.Audit,VM.PowerMgmt:",
    "acl:0:/vms/100:@admins:Lab:",
  ],
});
const domainsCfg = buildDomainsCfg(
  { clientKey: KEY },
  {
    name: "second",
    usernameClaim: "oid",
    properties: {
      "groups-claim": "groups",
      "groups-overwrite": 1,
      "groups-autocreate": 1,
      autocreate: null,
      "client-key": null,
    },
  },
);

t.test("one observation is exactly six reads, and one for each further realm", async (t) => {
  const { pve, port } = await setUp(t, { userCfg, domainsCfg });
  await port.observe(["entra"], signal);
  t.same(
    pve.log
      .entries()
      .map(({ method, path }) => `${method} ${path}`)
      .sort(),
    [
      "GET /api2/json/access/acl",
      "GET /api2/json/access/domains/entra",
      "GET /api2/json/access/groups",
      "GET /api2/json/access/permissions",
      "GET /api2/json/access/roles",
      "GET /api2/json/access/users?full=1",
    ],
  );
  pve.log.clear();
  await port.observe(["entra", "second"], signal);
  t.equal(pve.log.count(), 7);
});

t.test("users come with groups, tokens and texts as people wrote them", async (t) => {
  const { port } = await setUp(t, { userCfg, domainsCfg });
  const { access } = await port.observe(["entra"], signal);
  t.same(access.users.get(uid("anna@x.com@entra")), {
    userid: "anna@x.com@entra",
    realm: "entra",
    enable: true,
    expire: 1_900_000_000,
    comment: "a:b\nc [entra:x]",
    firstname: "Ånna",
    lastname: "Berg:oni",
    email: "anna@x.com",
    keys: "",
    groups: ["admins"],
    tokens: [{ tokenid: "ci", privsep: false, expire: 1_800_000_000, comment: "build" }],
  });
  t.match(access.users.get(uid("bert@x.com@entra")), { enable: false, groups: ["admins"] });
  t.match(access.users.get(uid("root@pam")), { realm: "pam", enable: true, tokens: [] });
  t.same([...access.groups.values()].sort(), [
    { groupid: "admins", comment: "Admins" },
    { groupid: "empty", comment: "" },
  ]);
  t.equal(access.ownUser, "entra-agent@pve");
});

t.test("one user read alone is the same as in the list", async (t) => {
  const { port } = await setUp(t, { userCfg, domainsCfg });
  const { access } = await port.observe(["entra"], signal);
  for (const id of ["anna@x.com@entra", "bert@x.com@entra", "entra-agent@pve", "root@pam"]) {
    t.same(await port.readUser(uid(id), signal), access.users.get(uid(id)), id);
  }
  t.match(await failure(port.readUser(uid("ghost@entra"), signal)), {
    code: "PVE_REFUSED",
    message: /no such user \('ghost@entra'\)/,
  });
});

t.test("ACL, roles and our own permissions are read whole", async (t) => {
  const { port } = await setUp(t, { userCfg, domainsCfg });
  const { access } = await port.observe(["entra"], signal);
  t.same(
    access.acl.filter((entry) => entry.type === "group"),
    [{ path: "/vms/100", type: "group", ugid: "admins", role: "Lab", propagate: false }],
  );
  t.equal(access.acl.filter((entry) => entry.type === "token").length, 6);
  t.same([...(access.roles.get("Lab") ?? [])].sort(), ["VM.Audit", "VM.PowerMgmt"]);
  t.ok(access.roles.get("Administrator")?.has("Permissions.Modify"));
  t.same(access.roles.get("NoAccess"), new Set());
  t.ok(access.specialRoles.has("Administrator"));
  t.notOk(access.specialRoles.has("Lab"));
  t.same(access.own.get("/vms"), new Map([["Permissions.Modify", true]]));
  t.same(access.own.get("/access"), new Map([["Sys.Audit", false]]));
});

t.test("a realm is read with its claims, its key apart from it", async (t) => {
  const { port } = await setUp(t, { userCfg, domainsCfg });
  const { access, keys } = await port.observe(["entra", "second"], signal);
  const facts = access.realms.get("entra");
  t.same(facts, {
    name: "entra",
    type: "openid",
    issuerUrl: "https://login.example/11111111-2222-3333-4444-555555555555/v2.0",
    clientId: "66666666-7777-8888-9999-aaaaaaaaaaaa",
    usernameClaim: "upn",
    groupsOverwrite: false,
    groupsAutocreate: false,
    autocreate: true,
  });
  t.match(access.realms.get("second"), {
    usernameClaim: "oid",
    groupsClaim: "groups",
    groupsOverwrite: true,
    groupsAutocreate: true,
    autocreate: false,
  });
  t.equal(keys.get("entra")?.key.reveal(), KEY);
  t.match(keys.get("entra")?.digest, /^[0-9a-f]{40}$/);
  t.same(keys.get("entra")?.facts, facts);
  t.equal(keys.get("second")?.key.reveal(), "", "no key in PVE: an empty one, with its digest");
  t.match(keys.get("second")?.digest, /^[0-9a-f]{40}$/);
  t.notMatch(inspect({ access, keys }, { depth: 9 }) + JSON.stringify([...keys.values()]), KEY);
});

t.test("a realm that is missing is a finding of that realm alone", async (t) => {
  const { port } = await setUp(t, { userCfg, domainsCfg });
  const { access, keys } = await port.observe(["entra", "nowhere"], signal);
  t.ok(isRealm(access.realms.get("entra")));
  t.same(access.realms.get("nowhere"), {
    code: "REALM_MISSING",
    message: "realm nowhere does not exist in Proxmox VE",
    realm: "nowhere",
  });
  t.notOk(keys.has("nowhere"));
});

t.test("a realm of another type is told apart and has no key", async (t) => {
  const { port } = await setUp(t, {
    userCfg: buildUserCfg({ realms: ["pam"] }),
    domainsCfg,
  });
  const { access, keys } = await port.observe(["pam"], signal);
  t.match(access.realms.get("pam"), { type: "pam", issuerUrl: "", clientId: "" });
  t.equal(keys.size, 0);
  t.equal((await failure(port.readRealmKey("pam", signal))).code, "REALM_NOT_OPENID");
});

t.test("the names of the nodes", async (t) => {
  const { port } = await setUp(t, { nodes: ["pve1", "pve2", "pve3"] });
  t.same([...(await port.nodes(signal))].sort(), ["pve1", "pve2", "pve3"]);
});
