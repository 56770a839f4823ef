import { writeFileSync } from "node:fs";
import { inspect } from "node:util";
import t from "tap";
import type { ErrorCode } from "../src/errors.js";
import { Secret } from "../src/secret.js";
import { AGENT_TOKEN, buildUserCfg } from "./emulators/pve/index.js";
import type { PveEmulator } from "./emulators/pve/index.js";
import { EVERY_WRITE_WORLD, failure, setUp, signal, TOKEN_VALUE, uid } from "./pve-setup.js";

const userCfg = buildUserCfg({ aclPaths: ["/vms"], extra: EVERY_WRITE_WORLD });
const DELETE_GROUP = { kind: "delete-group", group: "old" } as const;

t.test("what PVE said no to comes out with PVE's own words", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const anna = uid("anna@x.com@entra");
  const bare = { kind: "update-user", userid: anna, fields: {}, join: [], leave: [] } as const;
  const acl = { kind: "acl", path: "/vms", propagate: true, delete: false } as const;
  const cases: [Parameters<typeof port.write>[0], ErrorCode, RegExp][] = [
    [
      { kind: "create-user", userid: anna, fields: {}, groups: [] },
      "PVE_REFUSED",
      /^POST \/access\/users: PVE answered 500: create user failed: user 'anna@x.com@entra' already/,
    ],
    [
      { ...bare, userid: uid("ghost@x.com@entra") },
      "PVE_REFUSED",
      /^PUT \/access\/users\/ghost@x.com@entra: PVE answered 500: no such user/,
    ],
    [{ ...bare, join: ["nobody"] }, "PVE_REFUSED", /no such group 'nobody'/],
    [
      { ...bare, fields: { email: "o'neil@x.com" } },
      "PVE_REFUSED",
      /400: Parameter verification failed. \(email: invalid format - .*email address\)/,
    ],
    [{ ...acl, role: "Missing", groups: ["old"] }, "PVE_REFUSED", /role 'Missing' does not exist/],
    [
      { ...acl, path: "/storage", role: "PVEAdmin", groups: ["old"] },
      "PVE_FORBIDDEN",
      /403: Permission check failed \(\/storage, Permissions.Modify\)/,
    ],
    [
      { kind: "create-user", userid: uid("a@other"), fields: {}, groups: [] },
      "PVE_FORBIDDEN",
      /\/access\/realm\/other, Realm.AllocateUser/,
    ],
  ];
  for (const [write, code, message] of cases) {
    const before = pve.userCfg();
    t.match(await failure(port.write(write, undefined, signal)), { code, message });
    t.equal(pve.userCfg(), before, "and nothing changed");
  }
});

t.test("a refused token", async (t) => {
  const troubles: [name: string, (pve: PveEmulator) => void][] = [
    ["another value", (pve) => pve.world.tokenSecret(AGENT_TOKEN, "changed")],
    ["its user disabled", (pve) => pve.world.disableUser("entra-agent@pve")],
    ["its user expired", (pve) => pve.world.editUser("entra-agent@pve", { expire: 1 })],
  ];
  for (const [name, trouble] of troubles) {
    const { pve, port, notes } = await setUp(t, { userCfg });
    trouble(pve);
    for (const doing of [
      () => port.observe(["entra"], signal),
      () => port.write(DELETE_GROUP, undefined, signal),
      () => port.readRealmKey("entra", signal),
    ]) {
      t.equal((await failure(doing())).code, "PVE_UNAUTHORIZED", name);
    }
    t.ok(notes.every((note) => note.status === 401));
  }
});

t.test("a renewed token file counts at once", async (t) => {
  const { pve, port, client } = await setUp(t, { userCfg });
  pve.world.tokenSecret(AGENT_TOKEN, "renewed-value");
  t.equal((await failure(port.nodes(signal))).code, "PVE_UNAUTHORIZED");
  const { port: renewed, config } = client();
  writeFileSync(config.tokenFile, "renewed-value\n");
  t.same(await renewed.nodes(signal), ["pve1"]);
  writeFileSync(config.tokenFile, `${AGENT_TOKEN}=renewed-value\n`);
  t.equal((await failure(renewed.nodes(signal))).code, "CREDENTIAL_INVALID");
});

t.test("a cluster in trouble: quorum, locks, daemons", async (t) => {
  const cases: [name: string, (pve: PveEmulator) => void, ErrorCode, reads: "read" | "fail"][] = [
    ["no quorum", (pve) => pve.world.quorum(false), "PVE_NO_QUORUM", "read"],
    ["lock", (pve) => pve.world.lock("user.cfg", true), "PVE_LOCKED", "read"],
    ["daemon down", (pve) => pve.world.daemon(false), "PVE_UNREACHABLE", "fail"],
  ];
  for (const [name, trouble, code, reads] of cases) {
    const { pve, port } = await setUp(t, { userCfg });
    trouble(pve);
    const before = pve.userCfg();
    t.equal((await failure(port.write(DELETE_GROUP, undefined, signal))).code, code, name);
    t.equal(pve.userCfg(), before);
    if (reads === "read") t.ok(await port.observe(["entra"], signal), `${name}: reads answer`);
    else t.equal((await failure(port.observe(["entra"], signal))).code, code);
  }
});

t.test("a realm's key: written with its digest, and with no other", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const before = await port.readRealmKey("entra", signal);
  await port.writeRealmKey("entra", new Secret("second~key"), before.digest, signal);
  const after = await port.readRealmKey("entra", signal);
  t.equal(after.key.reveal(), "second~key");
  t.not(after.digest, before.digest);
  const stale = port.writeRealmKey("entra", new Secret("third~key"), before.digest, signal);
  t.equal((await failure(stale)).code, "PVE_STALE_DIGEST");
  t.same(await port.readRealmKey("entra", signal), after, "and nothing changed");
  pve.world.lock("domains.cfg", true);
  const locked = port.writeRealmKey("entra", new Secret("third~key"), after.digest, signal);
  t.equal((await failure(locked)).code, "PVE_LOCKED");
  t.equal((await failure(port.readRealmKey("nowhere", signal))).code, "REALM_MISSING");
});

t.test("a key that PVE would not keep as it is, or no digest, is not sent", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const cases: [key: string, digest: string][] = [
    ["", "d"],
    ["k".repeat(257), "d"],
    [" hidden", "d"],
    ["hidden ", "d"],
    ["hid\nden", "d"],
    ["hiddén", "d"],
    ["hidden", ""],
  ];
  for (const [key, digest] of cases) {
    const error = await failure(port.writeRealmKey("entra", new Secret(key), digest, signal));
    t.equal(error.code, "PVE_REFUSED", error.message);
    t.notMatch(error.message, /hid/);
  }
  t.equal(pve.log.count(), 0);
  const { digest } = await port.readRealmKey("entra", signal);
  await port.writeRealmKey("entra", new Secret("k".repeat(256)), digest, signal);
  t.equal((await port.readRealmKey("entra", signal)).key.reveal().length, 256);
});

t.test("answers without PVE's body are told by status and reason phrase", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const cases: [status: number, reason: string, ErrorCode][] = [
    [401, "No ticket", "PVE_UNAUTHORIZED"],
    [403, "Permission check failed", "PVE_FORBIDDEN"],
    [500, "update failed: no quorum!", "PVE_NO_QUORUM"],
    [500, "cfs-lock 'file-user_cfg' error: got lock request timeout", "PVE_LOCKED"],
    [500, "detected modified configuration - file changed", "PVE_STALE_DIGEST"],
    [
      500,
      "RPCEnvironment init request failed: Unable to load access control list: No buffer space available",
      "PVE_UNREACHABLE",
    ],
    [501, "Method 'GET /nope' not implemented", "PVE_REFUSED"],
    [595, "Connection refused", "PVE_UNREACHABLE"],
  ];
  for (const [status, reason, code] of cases) {
    pve.faults.add({ do: { kind: "status", status, reason } });
    const error = await failure(port.write(DELETE_GROUP, undefined, signal));
    t.equal(error.code, code, reason);
    t.ok(error.message.includes(reason), error.message);
  }
});

t.test("the body's message goes before the reason phrase, and is made harmless", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const body = { message: "first\nsecond\u202e client-key=hidden-value\n", data: null };
  pve.faults.add({ do: { kind: "status", status: 500, reason: "first", body } });
  const { message } = await failure(port.write(DELETE_GROUP, undefined, signal));
  t.match(message, /PVE answered 500: first second\\u202e client-key=\[secret\]$/);
});

t.test("nobody listens", async (t) => {
  const { pve, port, notes } = await setUp(t, { userCfg });
  await pve.close();
  t.match(await failure(port.nodes(signal)), { code: "PVE_UNREACHABLE", message: /ECONNREFUSED/ });
  const write = await failure(port.write(DELETE_GROUP, undefined, signal));
  t.equal(write.code, "PVE_UNREACHABLE", "certainly not sent, so nothing is unknown");
  t.same(
    notes.map((note) => note.status),
    ["none", "none"],
  );
});

t.test("no secret is in any error, log or note", async (t) => {
  const { pve, client } = await setUp(t, { userCfg });
  const { port, logged, notes } = client(
    {},
    { limits: { writeTimeoutMs: 1_500, readTimeoutMs: 1_500 } },
  );
  const key = "newly~made~client~key";
  const { digest } = await port.readRealmKey("entra", signal);
  const seen: unknown[] = [];
  for (const effect of [
    { kind: "cut", when: "after" },
    { kind: "truncate" },
    { kind: "garbage" },
    { kind: "stall" },
    { kind: "status", status: 500, body: { message: `bad client-key=${key}` } },
    { kind: "status", status: 400, body: { errors: { "client-key": `got '${key}'` } } },
  ] as const) {
    pve.faults.add({ do: effect });
    const error = await failure(port.writeRealmKey("entra", new Secret(key), digest, signal));
    seen.push(inspect(error, { depth: 9, showHidden: true }));
    // Reads carry nothing that PVE could quote.
    if (effect.kind === "status") continue;
    pve.faults.add({ times: 2, do: effect });
    seen.push(inspect(await failure(port.readRealmKey("entra", signal)), { depth: 9 }));
    pve.faults.clear();
  }
  const everything = [...seen, logged(), JSON.stringify(notes)].join("\n");
  for (const secret of [TOKEN_VALUE, key, "emulated.client.key", "PVEAPIToken"]) {
    t.notOk(everything.includes(secret), `nothing shows ${secret.slice(0, 3)}…`);
  }
  t.match(logged(), /"path":"\/access\/domains\/entra"/);
});
