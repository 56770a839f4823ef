import t, { type Test } from "tap";
import { createAuthority } from "./emulators/common/tls.js";
import { type Asker, asker } from "./emulators/pve/ask.js";
import {
  AGENT_TOKEN,
  AGENT_USER,
  buildUserCfg,
  type PveEmulator,
  type PveOptions,
  startPve,
} from "./emulators/pve/index.js";
import { readFact, recording, WITHOUT_FACTS } from "./support/facts.js";

/** Exchanges with a PVE in trouble: their requests are like ours, their messages must be the same. */
interface Recorded {
  name: string;
  request: { method: string; path: string };
  response: { status: number; statusMessage: string };
}
const recordedIn = (file: string): Recorded[] =>
  recording<{ exchanges: Recorded[] }>(file).exchanges;
const recorded = (file: string, name: RegExp): string => {
  const found = recordedIn(file).find((exchange) => name.test(exchange.name));
  if (!found) throw new Error(`no recording like ${String(name)} in ${file}`);
  return `${found.response.status} ${found.response.statusMessage}`;
};

const RECORDED = { skip: WITHOUT_FACTS };
const authority = await createAuthority("trouble");
const FORM = { comment: "x" };
const AGENT_PATH = `/access/users/${encodeURIComponent(AGENT_USER)}`;

async function start(t: Test, options: PveOptions = {}): Promise<{ pve: PveEmulator; ask: Asker }> {
  const pve = await startPve({
    authority,
    userCfg: buildUserCfg({ aclPaths: ["/vms"], extra: ["role:LabAdmin:VM.Audit:"] }),
    tokenSecrets: { [AGENT_TOKEN]: "value" },
    ...options,
  });
  const ask = asker(pve, `${AGENT_TOKEN}=value`);
  t.teardown(async () => {
    await ask.close();
    await pve.close();
  });
  return { pve, ask };
}

const said = ({ status, reason }: { status: number; reason: string }): string =>
  `${status} ${reason}`;

t.test("a lock that somebody else holds stops writes, and no reads", RECORDED, async (t) => {
  const { pve, ask } = await start(t);
  const before = pve.userCfg();
  pve.world.lock("user.cfg", true);
  const acl = { path: "/vms/100", users: AGENT_USER, roles: "LabAdmin" };
  for (const [name, answer] of [
    [/held by another: PUT user/, await ask("PUT", AGENT_PATH, { form: FORM })],
    [/: POST user/, await ask("POST", "/access/users", { form: { userid: "n@entra" } })],
    [/: PUT acl/, await ask("PUT", "/access/acl", { form: acl })],
    [/: POST group/, await ask("POST", "/access/groups", { form: { groupid: "n" } })],
  ] as const) {
    t.equal(said(answer), recorded("locked.json", name), String(name));
    t.equal(answer.message, `${answer.reason}\n`);
  }
  t.equal((await ask("GET", "/access/users?full=1")).status, 200);
  t.equal((await ask("PUT", "/access/domains/entra", { form: FORM })).status, 200, "another lock");
  t.equal(pve.userCfg(), before);
  pve.world.lock("user.cfg", false);
  pve.world.lock("domains.cfg", true);
  t.equal(
    said(await ask("PUT", "/access/domains/entra", { form: FORM })),
    recorded("locked.json", /file-domains_cfg held/),
  );
  t.equal((await ask("PUT", AGENT_PATH, { form: FORM })).status, 200);
});

t.test("without quorum every write is refused and reads go on", RECORDED, async (t) => {
  const { pve, ask } = await start(t);
  const log = readFact("pve-recordings/noquorum.log");
  pve.world.quorum(false);
  for (const answer of [
    await ask("PUT", "/access/domains/entra", { form: FORM }),
    await ask("POST", "/access/users", { form: { userid: "a@entra" } }),
  ]) {
    t.equal(answer.status, 500);
    t.ok(log.includes(`HTTP/1.1 ${said(answer)}`), answer.reason);
  }
  t.equal((await ask("GET", "/access/users")).status, 200);
  pve.world.quorum(true);
  t.equal((await ask("POST", "/access/users", { form: { userid: "a@entra" } })).status, 200);
});

t.test(
  "without pvedaemon its calls are 595, and pveproxy answers what it can",
  RECORDED,
  async (t) => {
    const { pve, ask } = await start(t);
    pve.world.daemon(false);
    const down = recordedIn("backend-down.json").filter(({ name }) => /not running/.test(name));
    t.equal(down.length, 7);
    for (const { name, request, response } of down) {
      const path = request.path.replace("/api2/json", "").replace("entra-agent%40pve", AGENT_USER);
      const form = request.method === "POST" ? { groupid: "tmpgrp" } : FORM;
      const writes = request.method === "PUT" || request.method === "POST";
      const answer = await ask(request.method, path, writes ? { form } : {});
      t.equal(said(answer), `${response.status} ${response.statusMessage}`, name);
      if (response.status === 595) t.equal(answer.text, "");
    }
    const weak = await ask("POST", "/access/roles", { form: { roleid: "R" } });
    t.equal(weak.status, 403, "a permission is checked before the call is passed on");
    pve.world.daemon(true);
    t.equal((await ask("GET", "/access/users?full=1")).status, 200);
  },
);

/** user.cfg of exactly so many bytes, in which one user's long comment can be changed. */
function cfgOf(bytes: number): string {
  const lines = (pad: string): string =>
    buildUserCfg({
      extra: [
        ...Array.from({ length: 700 }, (_x, n) => `user:u${n}@entra:1:0::::${"c".repeat(1450)}::`),
        `user:fill@entra:1:0::::${pad}::`,
      ],
    });
  return lines("f".repeat(bytes - lines("").length));
}

t.test("user.cfg holds one mebibyte, and a write past it changes nothing", RECORDED, async (t) => {
  const { pve, ask } = await start(t, { userCfg: cfgOf(1_048_300) });
  // The first write brings the file into PVE's own form, with its blank lines.
  t.equal((await ask("PUT", AGENT_PATH, { form: FORM })).status, 200);
  const before = pve.userCfg();
  t.ok(before.length < 1_048_500, `${before.length} bytes`);
  const over = { userid: "over@entra", comment: "z".repeat(400) };
  t.equal(
    said(await ask("POST", "/access/users", { form: over })),
    recorded("limits-filesize.json", /a new user would take it over/),
  );
  t.equal(
    said(
      await ask("PUT", "/access/users/fill@entra", { form: { lastname: "z".repeat(400) } }),
    ).replace("22655", "22654"),
    recorded("limits-filesize.json", /update that would take it over/),
  );
  t.equal(pve.userCfg(), before, "nothing was written");
  t.equal((await ask("GET", "/access/users/over@entra")).status, 500);
  t.equal((await ask("DELETE", "/access/users/fill@entra")).status, 200, "deleting still works");
});

t.test(
  "near the brim of user.cfg nobody gets in, and the login page still shows",
  RECORDED,
  async (t) => {
    const brim = cfgOf(1_048_560);
    const { pve, ask } = await start(t, { userCfg: brim });
    const name = /every call fails/;
    t.equal(said(await ask("GET", "/version")), recorded("limits-filesize.json", name));
    const open = asker(pve);
    t.teardown(() => open.close());
    t.equal((await open("GET", "/access/domains")).status, 200);
    pve.load({ userCfg: cfgOf(1_048_552) });
    t.equal((await ask("GET", "/version")).status, 200, "one byte below the last 23 all is well");
  },
);
