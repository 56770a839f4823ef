import t from "tap";
import { isRealm } from "../src/decide/facts.js";
import { buildUserCfg } from "./emulators/pve/index.js";
import { failure, setUp, signal } from "./pve-setup.js";

const BASE = buildUserCfg({ extra: ["user:anna@x.com@entra:1:0::::::", "group:g1:::"] });
const HOLDERS = "entra-agent@pve,entra-agent@pve!agent";

/** The base world without the ACL lines that hold this text, and with others instead. */
function without(text: string, ...lines: string[]): string {
  const kept = BASE.split("\n").filter((line) => !(line.startsWith("acl:") && line.includes(text)));
  return [...kept, ...lines].join("\n");
}

t.test("what could be a filtered list is refused, with privilege and path", async (t) => {
  const cases: [name: string, userCfg: string, says: RegExp][] = [
    ["no privilege at all", without("acl:"), /Sys.Audit at \/access;.*Realm.Allocate at/],
    ["the ACL would be short", without("EntraAudit"), /^the token lacks Sys.Audit at \/access$/],
    [
      "users and groups would be short",
      without("EntraMember"),
      /User.Modify at \/access\/groups .*Group.Allocate at \/access\/groups/,
    ],
    [
      "groups would be listed by nothing",
      without("EntraMember", `acl:0:/access/groups:${HOLDERS}:EntraMember:`),
      /Group.Allocate at \/access\/groups and everywhere below \(propagate\)/,
    ],
    [
      "one group would be left out",
      without("nothing", `acl:1:/access/groups/g1:${HOLDERS}:NoAccess:`),
      /Group.Allocate at \/access\/groups and everywhere below/,
    ],
    [
      "one group's own entry replaces ours",
      without("nothing", `acl:0:/access/groups/g1:${HOLDERS}:EntraAudit:`),
      /Group.Allocate at \/access\/groups and everywhere below/,
    ],
    ["the realm", without("EntraRealm"), /^the token lacks Realm.Allocate at \/access\/realm$/],
    [
      "the token, though not its user",
      without("EntraAudit", "acl:0:/access:entra-agent@pve:EntraAudit:"),
      /Sys.Audit at \/access/,
    ],
    [
      "the user, though not its token",
      without("EntraAudit", "acl:0:/access:entra-agent@pve!agent:EntraAudit:"),
      /Sys.Audit at \/access/,
    ],
  ];
  for (const [name, userCfg, says] of cases) {
    const { port } = await setUp(t, { userCfg });
    t.match(
      await failure(port.observe(["entra"], signal)),
      { code: "PVE_NO_PRIVILEGE", message: says },
      name,
    );
  }
});

t.test("the same privileges from further up are as good", async (t) => {
  const cases: [name: string, lines: string[]][] = [
    ["Administrator at /", [`acl:1:/:${HOLDERS}:Administrator:`]],
    [
      "everything at /access",
      [
        "role:All:Sys.Audit,User.Modify,Group.Allocate,Realm.Allocate,Realm.AllocateUser:",
        `acl:1:/access:${HOLDERS}:All:`,
      ],
    ],
  ];
  for (const [name, lines] of cases) {
    const { port } = await setUp(t, { userCfg: without("acl:", ...lines) });
    const { access } = await port.observe(["entra"], signal);
    t.ok(isRealm(access.realms.get("entra")), name);
  }
});

t.test("a realm in which we may not make users is a finding of that realm alone", async (t) => {
  const cases: [name: string, userCfg: string][] = [
    ["no entry", without("EntraUser")],
    ["NoAccess", without("EntraUser", `acl:1:/access/realm/entra:${HOLDERS}:NoAccess:`)],
  ];
  for (const [name, userCfg] of cases) {
    const { port } = await setUp(t, { userCfg });
    const { access, keys } = await port.observe(["entra"], signal);
    t.same(
      access.realms.get("entra"),
      {
        code: "PVE_NO_PRIVILEGE",
        message: "the token lacks Realm.AllocateUser at /access/realm/entra",
        realm: "entra",
      },
      name,
    );
    t.ok(keys.has("entra"), `${name}: its key can still be renewed`);
  }
});

t.test("an entry at /access/realm that does not propagate is no entry below", async (t) => {
  const { port } = await setUp(t, {
    userCfg: without(
      "/access/realm",
      "role:Both:Realm.Allocate,Realm.AllocateUser:",
      `acl:0:/access/realm:${HOLDERS}:Both:`,
    ),
  });
  const { access } = await port.observe(["entra"], signal);
  t.match(access.realms.get("entra"), { code: "PVE_NO_PRIVILEGE" });
});
