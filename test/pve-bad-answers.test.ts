import t from "tap";
import type { FaultEffect } from "./emulators/common/faults.js";
import { createAuthority, issueForLoopback } from "./emulators/common/tls.js";
import { buildUserCfg } from "./emulators/pve/index.js";
import { clientOf, failure, rawServer, setUp, signal, uid } from "./pve-setup.js";

const userCfg = buildUserCfg({
  extra: ["user:anna@x.com@entra:1:0::::::", "group:g1:anna@x.com@entra::"],
});
const USERS = "users\\?full=1$";

t.test("an answer that lost or twisted something is refused, whichever read it is", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const reads = [USERS, "groups$", "acl$", "roles$", "domains/entra$", "permissions$"];
  const effects: FaultEffect[] = [
    { kind: "garbage" },
    { kind: "truncate" },
    { kind: "body", replace: "nulls" },
    { kind: "json", body: {} },
    { kind: "json", body: [] },
    { kind: "json", body: { data: "text" } },
    { kind: "json", body: { data: [null] } },
    { kind: "json", body: { data: [[]] } },
    { kind: "json", body: { data: [{ userid: 7, groupid: 7, roleid: 7, path: 7 }] } },
    { kind: "status", status: 200, body: "" },
    { kind: "status", status: 302, headers: { location: "https://127.0.0.2/" } },
    { kind: "status", status: 404, body: "not found" },
  ];
  for (const path of reads) {
    for (const effect of effects) {
      pve.faults.add({ path, do: effect });
      const { code, message } = await failure(port.observe(["entra"], signal));
      t.equal(code, "PVE_BAD_ANSWER", `${path} ${JSON.stringify(effect)}: ${message}`);
      t.same(pve.faults.pending(), []);
    }
  }
});

t.test("a list that is empty or twice the same cannot be right", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const cases: [path: string, effect: FaultEffect, says: RegExp][] = [
    [USERS, { kind: "body", replace: "empty-list" }, /our own entra-agent@pve is missing/],
    ["groups$", { kind: "body", replace: "empty-list" }, /groups: empty, although users have/],
    ["acl$", { kind: "body", replace: "empty-list" }, /acl: empty/],
    ["roles$", { kind: "body", replace: "empty-list" }, /Administrator is missing/],
    [USERS, { kind: "body", replace: "page-repeats" }, /the same name twice/],
    ["groups$", { kind: "body", replace: "page-repeats" }, /the same name twice/],
    ["roles$", { kind: "body", replace: "page-repeats" }, /the same name twice/],
  ];
  for (const [path, effect, says] of cases) {
    pve.faults.add({ path, do: effect });
    const error = await failure(port.observe(["entra"], signal));
    // Without its ACL the token looks as if it had lost every privilege: refused all the same.
    t.ok(["PVE_BAD_ANSWER", "PVE_NO_PRIVILEGE"].includes(error.code), error.code);
    t.match(error.message, says, `${path} ${JSON.stringify(effect)}`);
  }
});

t.test("each field is read strictly, and its value never repeated", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const agent = { userid: "entra-agent@pve", enable: 1, expire: 0, groups: "", tokens: null };
  const wrongUsers: [name: string, user: object][] = [
    ["no groups: not the full list", { ...agent, groups: undefined }],
    ["groups as a list", { ...agent, groups: ["g1"] }],
    ["no enable", { ...agent, enable: undefined }],
    ["enable of words", { ...agent, enable: "yes-hidden" }],
    ["a negative expiry", { ...agent, expire: -1 }],
    ["an expiry of words", { ...agent, expire: "hidden" }],
    ["a comment that is an object", { ...agent, comment: { text: "hidden" } }],
    ["tokens of text", { ...agent, tokens: "hidden" }],
    ["a token without a name", { ...agent, tokens: [{ expire: 0 }] }],
    ["no realm", { ...agent, userid: "entra-agent" }],
    ["an empty realm", { ...agent, userid: "entra-agent@" }],
  ];
  for (const [name, user] of wrongUsers) {
    pve.faults.add({ path: USERS, do: { kind: "json", body: { data: [user] } } });
    const error = await failure(port.observe(["entra"], signal));
    t.equal(error.code, "PVE_BAD_ANSWER", `${name}: ${error.message}`);
    t.notMatch(error.message, /hidden/, name);
  }
  const realm = { type: "openid", "issuer-url": "https://i", "client-id": "c", digest: "d" };
  const wrongRealms: [name: string, realm: object][] = [
    ["no type", { ...realm, type: undefined }],
    ["no issuer", { ...realm, "issuer-url": undefined }],
    ["no client id", { ...realm, "client-id": undefined }],
    ["no digest", { ...realm, digest: undefined }],
    ["a key that is an object", { ...realm, "client-key": { value: "hidden" } }],
    ["a flag of words", { ...realm, "groups-overwrite": "hidden" }],
  ];
  for (const [name, data] of wrongRealms) {
    pve.faults.add({ path: "domains/entra$", do: { kind: "json", body: { data } } });
    const error = await failure(port.observe(["entra"], signal));
    t.equal(error.code, "PVE_BAD_ANSWER", `${name}: ${error.message}`);
    t.notMatch(error.message, /hidden/, name);
  }
  const wrongAcl: object[] = [
    { path: "/", type: "wizard", ugid: "x", roleid: "r", propagate: 1 },
    { path: "/", type: "user", ugid: "x", roleid: "r" },
  ];
  for (const entry of wrongAcl) {
    pve.faults.add({ path: "acl$", do: { kind: "json", body: { data: [entry] } } });
    t.equal((await failure(port.observe(["entra"], signal))).code, "PVE_BAD_ANSWER");
  }
});

t.test("numbers and flags as Perl writes them now and then are taken", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const anna = { userid: "anna@entra", enable: "1", expire: "1900000000", groups: "", comment: 12 };
  const agent = { userid: "entra-agent@pve", enable: 1, expire: 0, groups: "" };
  pve.faults.add({ path: USERS, do: { kind: "json", body: { data: [anna, agent] } } });
  const { access } = await port.observe(["entra"], signal);
  t.match(access.users.get(uid("anna@entra")), {
    enable: true,
    expire: 1_900_000_000,
    comment: "12",
  });
});

t.test("no nodes, or nodes without a name, are refused", async (t) => {
  const { pve, port } = await setUp(t);
  for (const data of [[], [{ status: "online" }], null]) {
    pve.faults.add({ path: "nodes$", do: { kind: "json", body: { data } } });
    t.equal((await failure(port.nodes(signal))).code, "PVE_BAD_ANSWER");
  }
});

t.test("a body without end is cut off at the limit", async (t) => {
  const authority = await createAuthority("endless CA");
  let sent = 0;
  const { url } = await rawServer(t, await issueForLoopback(authority), (_request, response) => {
    response.writeHead(200, { "content-type": "application/json;charset=UTF-8" });
    const more = (): void => {
      sent += 65_536;
      if (!response.destroyed) response.write("x".repeat(65_536), more);
    };
    more();
  });
  const deps = { limits: { maxAnswerBytes: 1_000_000 } };
  const { port } = clientOf(t, url, authority.caPem, {}, deps);
  t.match(await failure(port.nodes(signal)), {
    code: "PVE_BAD_ANSWER",
    message: /larger than 1000000 bytes/,
  });
  const write = port.write({ kind: "delete-group", group: "g" }, undefined, signal);
  t.equal((await failure(write)).code, "PVE_OUTCOME_UNKNOWN");
  t.ok(sent < 50_000_000, "reading stopped soon after");
});

t.test("redirects are refused: the token goes nowhere else", async (t) => {
  const authority = await createAuthority("redirect CA");
  const certificate = await issueForLoopback(authority);
  let elsewhere = 0;
  const other = await rawServer(t, certificate, (_request, response) => {
    elsewhere += 1;
    response.end(JSON.stringify({ data: [{ node: "pve1" }] }));
  });
  const { url } = await rawServer(t, certificate, (_request, response) => {
    response.writeHead(307, { location: `${other.url}/api2/json/nodes` }).end();
  });
  const { port } = clientOf(t, url, authority.caPem);
  t.equal((await failure(port.nodes(signal))).code, "PVE_BAD_ANSWER");
  const write = port.write({ kind: "delete-group", group: "g" }, undefined, signal);
  t.equal((await failure(write)).code, "PVE_BAD_ANSWER");
  t.equal(elsewhere, 0);
});
