import t, { type Test } from "tap";
import { createAuthority } from "./emulators/common/tls.js";
import { type Asker, asker } from "./emulators/pve/ask.js";
import {
  AGENT_TOKEN,
  AGENT_USER,
  buildDomainsCfg,
  buildUserCfg,
  type PveEmulator,
  type PveOptions,
  startPve,
  type WriteEvent,
} from "./emulators/pve/index.js";

const authority = await createAuthority("world");

async function start(t: Test, options: PveOptions = {}): Promise<{ pve: PveEmulator; ask: Asker }> {
  const pve = await startPve({ authority, tokenSecrets: { [AGENT_TOKEN]: "value" }, ...options });
  const ask = asker(pve, `${AGENT_TOKEN}=value`);
  t.teardown(async () => {
    await ask.close();
    await pve.close();
  });
  return { pve, ask };
}

t.test("the default world's token can do the agent's work and nothing beside it", async (t) => {
  const { ask } = await start(t, {
    userCfg: buildUserCfg({ aclPaths: ["/pool"], extra: ["role:See:VM.Audit:"] }),
  });
  const userid = "anna@contoso.com@entra";
  const work: [string, string, Record<string, string>?][] = [
    ["GET", "/access/users?full=1"],
    ["GET", "/access/groups"],
    ["GET", "/access/acl"],
    ["GET", "/access/roles"],
    ["GET", "/access/permissions"],
    ["GET", "/nodes"],
    ["GET", "/access/domains/entra"],
    ["PUT", "/access/domains/entra", { "client-key": "xyz~emulated" }],
    ["POST", "/access/groups", { groupid: "pve-admins", comment: "[entra:entra]" }],
    ["POST", "/access/users", { userid, groups: "pve-admins" }],
    ["PUT", `/access/users/${userid}`, { groups: "" }],
    ["PUT", "/access/acl", { path: "/pool/x", groups: "pve-admins", roles: "See" }],
    ["DELETE", `/access/users/${userid}`],
    ["DELETE", "/access/groups/pve-admins"],
  ];
  for (const [method, path, form] of work) {
    t.equal((await ask(method, path, form ? { form } : {})).status, 200, `${method} ${path}`);
  }
  const beside: [string, string, Record<string, string>?][] = [
    ["PUT", "/access/acl", { path: "/vms", users: AGENT_USER, roles: "See" }],
    ["POST", "/access/users", { userid: "n@pve" }],
    ["POST", "/access/roles", { roleid: "R" }],
    ["GET", "/cluster/status"],
  ];
  for (const [method, path, form] of beside) {
    t.equal((await ask(method, path, form ? { form } : {})).status, 403, `${method} ${path}`);
  }
});

t.test(
  "a disabled owner's token is refused at once, and an enabled one's works again",
  async (t) => {
    const { pve, ask } = await start(t);
    pve.world.disableUser(AGENT_USER);
    t.equal((await ask("GET", "/version")).status, 401);
    pve.world.enableUser(AGENT_USER);
    t.equal((await ask("GET", "/version")).status, 200);
    pve.world.editUser(AGENT_USER, { expire: Math.floor(pve.clock.now() / 1000) - 10 });
    t.equal((await ask("GET", "/version")).status, 401);
    pve.world.editUser(AGENT_USER, { expire: 0 });
    pve.world.tokenSecret(AGENT_TOKEN, "another");
    t.equal((await ask("GET", "/version")).status, 401);
  },
);

t.test("what is ordered shows in the files and over the API", async (t) => {
  const { pve, ask } = await start(t);
  const { world } = pve;
  world.createGroup("admins", "by hand");
  world.createUser("anna@entra", { firstname: "Anna", groups: ["admins"] });
  world.createUser("bert@entra");
  world.addToGroup("bert@entra", "admins");
  world.setRole("See", ["VM.Audit"]);
  world.addAcl({ path: "/vms", role: "See", groups: ["admins"], users: ["bert@entra"] });
  t.match((await ask("GET", "/access/groups/admins")).data, {
    comment: "by hand",
    members: ["anna@entra", "bert@entra"],
  });
  t.match(pve.userCfg(), "acl:1:/vms:@admins,bert@entra:See:");
  world.removeFromGroup("anna@entra", "admins");
  world.removeAcl({ path: "/vms", role: "See", groups: ["admins"] });
  world.deleteUser("bert@entra");
  world.editGroup("admins", "[entra:entra]");
  t.match(pve.userCfg(), /^group:admins::\[entra%3Aentra\]:$/m);
  t.notMatch(pve.userCfg(), "/vms");
  world.deleteGroup("admins");
  t.equal((await ask("GET", "/access/groups/admins")).status, 500);

  world.setRealm("entra", { "client-key": "old~emulated", autocreate: null });
  t.match((await ask("GET", "/access/domains/entra")).data, { "client-key": "old~emulated" });
  t.notMatch(pve.domainsCfg(), "autocreate");
  t.throws(() => world.setRealm("missing", {}), /no realm/);
  t.throws(() => world.disableUser("missing@entra"), /no user/);
  t.throws(() => world.addToGroup("anna@entra", "missing"), /no group/);
});

t.test("listeners see each change over the API once, and none of the world's", async (t) => {
  const { pve, ask } = await start(t);
  const events: WriteEvent[] = [];
  const stop = pve.onWrite((event) => events.push(event));
  pve.world.createGroup("admins");
  const before = pve.userCfg();
  await ask("POST", "/access/users", { form: { userid: "a@entra", groups: "admins" } });
  await ask("POST", "/access/users", { form: { userid: "a@entra" } });
  await ask("PUT", "/access/users/a@entra", { form: { groups: "admins", append: 1 } });
  await ask("PUT", "/access/domains/entra", { form: { comment: "x" } });
  stop();
  await ask("DELETE", "/access/users/a@entra");
  t.match(events, [
    { method: "POST", path: "/api2/json/access/users", userCfgBefore: before },
    { method: "PUT", path: "/api2/json/access/domains/entra" },
  ]);
  t.equal(events.length, 2, "a refusal and a write without change are no changes");
  t.match(events[0]?.userCfgAfter, "group:admins:a@entra::");
  t.notMatch(events[1]?.domainsCfgBefore, "comment x");
  t.match(events[1]?.domainsCfgAfter, "comment x");
});

t.test("tokens are made, shown, renewed and removed", async (t) => {
  const { pve, ask } = await start(t);
  const path = `/access/users/${AGENT_USER}/token/more`;
  const made = (await ask("POST", path, { form: { comment: "c", privsep: 0 } })).data as {
    value: string;
  };
  const other = async (value: string): Promise<number> =>
    (await ask("GET", "/version", { token: `${AGENT_USER}!more=${value}` })).status;
  t.equal(await other(made.value), 200);
  t.equal((await ask("POST", path, { form: {} })).status, 400, "there is one already");
  t.match((await ask("GET", path)).data, { privsep: 0, expire: 0, comment: "c" });
  t.equal(((await ask("GET", `/access/users/${AGENT_USER}/token`)).data as unknown[]).length, 2);
  const form = { regenerate: 1, privsep: 1, delete: "comment" };
  const renewed = (await ask("PUT", path, { form })).data as { value: string };
  t.strictSame([await other(made.value), await other(renewed.value)], [401, 200]);
  t.match(pve.userCfg(), `token:${AGENT_USER}!more:0:1::`);
  t.equal((await ask("DELETE", path)).status, 200);
  t.equal(await other(renewed.value), 401);
  t.equal((await ask("GET", path)).reason, `no such token 'more' for user '${AGENT_USER}'`);
});

t.test("a realm has what it was built with, and a cluster its nodes", async (t) => {
  const { ask } = await start(t, {
    nodes: ["pve1", "pve2", "pve3"],
    userCfg: buildUserCfg({ realms: ["entra", "second"] }),
    domainsCfg: buildDomainsCfg(
      { name: "entra", clientKey: "abc~emulated" },
      {
        name: "second",
        usernameClaim: "oid",
        properties: { autocreate: null, "groups-claim": "g" },
      },
    ),
  });
  const { data } = await ask("GET", "/access/domains/second");
  t.match(data, { type: "openid", "username-claim": "oid", "groups-claim": "g" });
  t.notOk("autocreate" in (data as object));
  t.match((await ask("GET", "/access/domains/entra")).data, { "client-key": "abc~emulated" });
  const nodes = (await ask("GET", "/nodes")).data as { node: string }[];
  t.strictSame(
    nodes.map(({ node }) => node),
    ["pve1", "pve2", "pve3"],
  );
});

t.test("an administrator makes and changes roles, but not PVE's own", async (t) => {
  const admin = "admin@pve!full";
  const extra = [
    "user:admin@pve:1:0::::::",
    `token:${admin}:0:0::`,
    "acl:1:/:admin@pve:Administrator:",
  ];
  const { pve, ask } = await start(t, {
    userCfg: buildUserCfg({ extra }),
    tokenSecrets: { [admin]: "value" },
  });
  const put = async (role: string, form: Record<string, string>): Promise<string> => {
    const token = `${admin}=value`;
    const answer = await ask("PUT", `/access/roles/${role}`, { form, token });
    return `${answer.status} ${answer.reason}`;
  };
  pve.world.setRole("See", ["VM.Audit"]);
  t.equal(await put("See", { privs: "VM.Clone", append: "1" }), "200 OK");
  t.match(pve.userCfg(), /^role:See:VM.Audit,VM.Clone:$/m);
  t.equal(await put("See", { privs: "VM.Backup" }), "200 OK");
  t.match(pve.userCfg(), /^role:See:VM.Backup:$/m);
  const refused = "500 auto-generated role 'PVEAuditor' cannot be modified";
  t.equal(await put("PVEAuditor", { privs: "VM.Audit" }), refused);
  t.equal(await put("See", { append: "1" }), "400 Parameter verification failed.");
  t.equal(await put("Missing", {}), "500 update role failed: role 'Missing' does not exist");
});
