import t from "tap";
import { fixedClock } from "./emulators/common/clock.js";
import { Sessions } from "./emulators/pve/auth.js";
import { dispatch } from "./emulators/pve/dispatch.js";
import { DEFAULT_DOMAINS_CFG } from "./emulators/pve/index.js";
import { PveState } from "./emulators/pve/state.js";
import { recording, WITHOUT_FACTS } from "./support/facts.js";

/*
 * The real PVE was asked, call by call, which single privilege at which path (or which pair) lets
 * it through. The table holds the emulator's permission checks from both sides: what is listed
 * must be enough, and whatever else occurs in the table must not be.
 */
interface Needs {
  without: string;
  single?: string[];
  pairs?: string[];
}
const TABLE =
  WITHOUT_FACTS === false
    ? recording<Record<string, Needs>>("privileges-bruteforce.json")
    : undefined;

const U = "u@contoso.com@entra";
const V = "v@contoso.com@entra";
const CALLER = "caller@pve";
const TOKEN = `${CALLER}!tok`;
const id = encodeURIComponent;

type Call = [method: string, path: string, form?: Record<string, string>];

/** What stands behind each row; the two rows of a list look at different parts of it. */
const CALLS: Record<string, { call: Call; lets?: (answer: Asked) => boolean }> = {
  "GET /version": { call: ["GET", "/version"] },
  "GET /cluster/status (stand-in)": { call: ["GET", "/cluster/status"] },
  "GET /access/permissions": { call: ["GET", "/access/permissions"] },
  "GET /access/roles": { call: ["GET", "/access/roles"] },
  "GET /access/roles/Lab": { call: ["GET", "/access/roles/Lab"] },
  "GET /access/domains": { call: ["GET", "/access/domains"] },
  "GET /access/domains/entra": { call: ["GET", "/access/domains/entra"] },
  "PUT /access/domains/entra client-key": {
    call: ["PUT", "/access/domains/entra", { "client-key": "k" }],
  },
  "GET /access/users full=1 (sees both)": {
    call: ["GET", "/access/users?full=1"],
    lets: (answer) => lists(answer, "userid", U) && lists(answer, "userid", V),
  },
  "GET /access/users full=1 (sees U in g1)": {
    call: ["GET", "/access/users?full=1"],
    lets: (answer) => lists(answer, "userid", U),
  },
  "GET /access/users/U": { call: ["GET", `/access/users/${id(U)}`] },
  "GET /access/users/V(no groups)": { call: ["GET", `/access/users/${id(V)}`] },
  "POST /access/users no groups": { call: ["POST", "/access/users", { userid: "n@c@entra" }] },
  "POST /access/users groups=g1": {
    call: ["POST", "/access/users", { userid: "n@c@entra", groups: "g1" }],
  },
  "POST /access/users groups=g1,g2": {
    call: ["POST", "/access/users", { userid: "n@c@entra", groups: "g1,g2" }],
  },
  "PUT user U enable=0": { call: ["PUT", `/access/users/${id(U)}`, { enable: "0" }] },
  "PUT user U groups=g1": { call: ["PUT", `/access/users/${id(U)}`, { groups: "g1" }] },
  "PUT user U groups=g1 append=1": {
    call: ["PUT", `/access/users/${id(U)}`, { groups: "g1", append: "1" }],
  },
  'PUT user U groups=""': { call: ["PUT", `/access/users/${id(U)}`, { groups: "" }] },
  "PUT user V groups=g1 (V in no group)": {
    call: ["PUT", `/access/users/${id(V)}`, { groups: "g1" }],
  },
  "DELETE user U (in g1,g2)": { call: ["DELETE", `/access/users/${id(U)}`] },
  "DELETE user V (no group)": { call: ["DELETE", `/access/users/${id(V)}`] },
  "GET /access/groups (sees g1)": {
    call: ["GET", "/access/groups"],
    lets: (answer) => lists(answer, "groupid", "g1"),
  },
  "GET /access/groups (sees g1+g2)": {
    call: ["GET", "/access/groups"],
    lets: (answer) => lists(answer, "groupid", "g1") && lists(answer, "groupid", "g2"),
  },
  "GET /access/groups/g1": { call: ["GET", "/access/groups/g1"] },
  "POST /access/groups": { call: ["POST", "/access/groups", { groupid: "n" }] },
  "PUT /access/groups/g1": { call: ["PUT", "/access/groups/g1", { comment: "c" }] },
  "DELETE /access/groups/g1": { call: ["DELETE", "/access/groups/g1"] },
  "GET /access/acl (sees entry at /)": {
    call: ["GET", "/access/acl"],
    lets: (answer) => lists(answer, "path", "/"),
  },
  ...Object.fromEntries(
    ["/", "/pool/x", "/pool/missing", "/vms/100", "/access/groups/g1"].map((path) => [
      `PUT /access/acl ${path}`,
      { call: ["PUT", "/access/acl", { path, groups: "g1", roles: "Lab" }] satisfies Call },
    ]),
  ),
};

function lists(answer: Asked, key: string, value: string): boolean {
  return (answer.data as Record<string, unknown>[]).some((entry) => entry[key] === value);
}

/** A grant of the table, `Privilege@path` or `Privilege@path(propagate)`, as a role and ACL lines. */
function grants(text: string): string {
  const parts = text.split(" + ").map((one) => {
    const [, privilege = "", path = "", propagate] =
      /^([^@]+)@([^(]+)(\(propagate\))?$/.exec(one) ?? [];
    return { privilege, path, propagate: propagate ? 1 : 0 };
  });
  const roles = parts.map(({ privilege }, n) => `role:R${n}:${privilege}:`);
  const acl = parts.map(
    ({ path, propagate }, n) => `acl:${propagate}:${path}:${CALLER},${TOKEN}:R${n}:`,
  );
  return [...roles, ...acl].join("\n");
}

const worldWith = (extra: string): string => `user:root@pam:1:0::::::
user:${CALLER}:1:0::::::
token:${TOKEN}:0:1::
user:${U}:1:0::::::
user:${V}:1:0::::::
user:holder@pve:1:0::::::
group:g1:${U}::
group:g2:${U}::
pool:x::::
role:Lab:VM.Audit:
acl:1:/:holder@pve:Lab:
${extra}
`;

const allSingles = new Set(Object.values(TABLE ?? {}).flatMap((needs) => needs.single ?? []));

interface Asked {
  status: number;
  reason: string;
  data: unknown;
}

/** Asks a PVE that knows these grants alone, without a network between: there are a thousand questions. */
function ask([method, path, form]: Call, extra: string): Asked {
  const state = new PveState(worldWith(extra), DEFAULT_DOMAINS_CFG);
  state.tokenSecrets.set(TOKEN, "value");
  const body = form ? new URLSearchParams(form).toString() : "";
  const world = { state, sessions: new Sessions(), clock: fixedClock(0), nodes: ["pve1"] };
  const headers = {
    authorization: `PVEAPIToken=${TOKEN}=value`,
    "content-type": "application/x-www-form-urlencoded",
    ...(form && { "content-length": String(body.length) }),
  };
  const { answer } = dispatch(world, { method, url: `/api2/json${path}`, headers, body });
  const { data } = JSON.parse(answer.body.toString()) as { data: unknown };
  return { status: answer.status, reason: answer.reason, data };
}

function allowed(row: string, extra: string): boolean {
  const { call, lets } = CALLS[row] ?? {};
  if (!call) throw new Error(`no call for ${row}`);
  const answer = ask(call, extra);
  return answer.status === 200 && (lets?.(answer) ?? true);
}

if (TABLE === undefined) t.test("each call", { skip: WITHOUT_FACTS }, async () => undefined);

let checked = 0;
for (const [row, needs] of Object.entries(TABLE ?? {})) {
  // The pools are not part of what is emulated.
  if (row === "GET /pools") continue;
  void t.test(row, (t) => {
    const { call, lets } = CALLS[row] ?? { call: ["", ""] };
    const bare = ask(call, "");
    t.equal(`${bare.status} ${bare.reason}`, needs.without, "without any privilege");
    if (!needs.single) {
      t.end();
      return;
    }
    t.notOk(bare.status === 200 && (lets?.(bare) ?? true), "which does not do");
    const enough = [...needs.single, ...(needs.pairs ?? [])];
    for (const one of enough) {
      checked += 1;
      t.ok(allowed(row, grants(one)), `enough: ${one}`);
    }
    // A propagating grant is listed only where one that does not propagate would be too little.
    const listed = new Set([...needs.single, ...needs.single.map((one) => `${one}(propagate)`)]);
    for (const other of allSingles) {
      if (listed.has(other)) continue;
      checked += 1;
      t.notOk(allowed(row, grants(other)), `not enough: ${other}`);
    }
    t.end();
  });
}
t.teardown(() => t.comment(`privileges: ${checked} grants tried`));
