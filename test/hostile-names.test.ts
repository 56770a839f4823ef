/** Names of others reach terminals, logs, metrics and user.cfg: each says only what it says. */
import { request } from "undici";
import t from "tap";
import { errorText, findingText } from "../src/commands/findings.js";
import { heldLines } from "../src/commands/held-text.js";
import { entryText } from "../src/commands/history-text.js";
import { statusText } from "../src/commands/status-text.js";
import type { StatusView } from "../src/daemon/status.js";
import { planView } from "../src/decide/plan-view.js";
import type { Change, Plan } from "../src/decide/plan.js";
import { ansiPaint, describe, plainPaint, renderPlan } from "../src/decide/render.js";
import type { RotationDecision } from "../src/decide/rotation-facts.js";
import { jsonText } from "../src/decide/text.js";
import { AgentError, ERRORS } from "../src/errors.js";
import type { ErrorCode } from "../src/errors.js";
import { Counters } from "../src/health/index.js";
import { renderMetrics } from "../src/health/metrics.js";
import { createLog } from "../src/log.js";
import { printable } from "../src/decide/text.js";
import { foolery, FORGED, HOSTILE, treacherous } from "./fuzz/hostile-names.js";
import { well } from "./health-common.js";
import { anna, bert, disable, enable, grant, join, leave, revoke } from "./journal-common.js";
import { byHand, startOn } from "./support/daemon-bed.js";
import { machineOf } from "./support/machine.js";
import { mapping, startSite } from "./support/site.js";
import type { Site } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

t.setTimeout(240_000);

const changes: readonly Change[] = [
  join(anna, "users"),
  leave(bert, "admins"),
  grant("admins"),
  revoke("admins", [anna]),
  disable(anna),
  enable(bert),
  { realm: "entra", reason: "r", kind: "create-group", group: "g", comment: "c" },
  { realm: "entra", reason: "r", kind: "delete-group", group: "g" },
];

const plan: Plan = {
  actions: [
    { id: "1", realm: "entra", write: { kind: "delete-group", group: "g" }, changes },
    {
      id: "2",
      realm: "entra",
      write: { kind: "delete-user", userid: anna },
      changes,
      moment: true,
    },
  ],
  holds: changes.map((change) => ({ change, because: "too many" })),
  approvalId: "a".repeat(64),
  waiting: [
    {
      action: { id: "3", realm: "entra", write: { kind: "delete-user", userid: anna }, changes },
      waitsFor: "another",
    },
  ],
  rights: [
    {
      userid: anna,
      personName: "Anna",
      lost: new Map([["/vms", ["VM.Audit"]]]),
      gained: new Map([["/", ["Sys.Audit"]]]),
    },
  ],
  guard: [
    { realm: "entra", group: "g", cause: "removed", before: 1, now: 2, limit: "l", held: true },
  ],
  kept: [{ realm: "entra", userid: anna, why: "why" }],
  skipped: [{ realm: "entra", who: "who", why: "why" }],
  unmanaged: [{ realm: "entra", userid: anna }],
  untouched: ["a group"],
  wakingTokens: ["token"],
  findings: [{ code: "SYNC_KEPT", message: "m", realm: "entra", subject: "s" }],
  members: new Map([["entra", new Map([["g", 1]])]]),
  heard: { absent: [], leavers: [], enabledAgain: [] },
  database: { now: 0, after: 0, limit: 1 },
};

const decision: RotationDecision = {
  clientId: "client",
  realms: [
    { realm: "entra", hint: "abc", proof: { kind: "unclear", message: "m" }, ends: 1, renewAt: 1 },
  ],
  rotate: { realms: ["entra"], reason: "why", forced: true },
  remove: [{ keyId: "key", reason: "why" }],
  findings: [{ code: "ROTATION_OLD_KEY_BACK" as ErrorCode, message: "m" }],
} as never;

t.test("a plan in which every text is treacherous", (t) => {
  for (const paint of [plainPaint, ansiPaint]) {
    const text = renderPlan(treacherous(plan), [treacherous(decision)], paint);
    t.equal(foolery(text), undefined);
    const lines = (shown: string): number => shown.split("\n").length;
    t.equal(lines(text), lines(renderPlan(plan, [decision], paint)), "no line more than by right");
  }
  t.equal(foolery(jsonText(planView(treacherous(plan), [treacherous(decision)]), 2)), undefined);
  for (const change of changes) t.equal(foolery(describe(treacherous(change))), undefined);
  t.end();
});

t.test("entries of the journal, findings, errors and holds", (t) => {
  const common = { at: 0, pass: 1, realm: "entra" };
  const entries = [
    ...changes.map((change) => ({
      ...common,
      ...change,
      type: "change",
      outcome: "refused",
      code: "PVE_REFUSED",
      message: "m",
      before: { comment: "a" },
      after: { comment: "b" },
      person: "id",
      personName: "Anna",
      entraGroups: ["g"],
      approved: true,
      moment: true,
    })),
    {
      ...common,
      type: "rotation",
      intent: 1,
      realms: ["entra"],
      clientId: "c",
      state: "made",
      reason: "r",
      keyId: "k",
      start: 1,
      end: 2,
      forced: true,
      detail: "d",
    },
    {
      ...common,
      type: "pass",
      trigger: "t",
      code: "PVE_REFUSED",
      ended: true,
      counts: { changes: 1 },
    },
    { at: 0, type: "approval", approvalId: "a", by: "root", summaries: ["s"], used: 0 },
    { ...common, type: "note", kind: "start", text: "t", detail: "d" },
  ];
  for (const entry of entries) {
    const plain = entryText(entry as never);
    const text = entryText(treacherous(entry) as never);
    t.equal(foolery(text), undefined, entry.type);
    t.equal(text.split("\n").length, plain.split("\n").length, "no line more than by right");
  }
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    t.equal(foolery(findingText(treacherous({ code, message: "m", realm: "r" }))), undefined);
    t.equal(foolery(errorText(new AgentError(code, HOSTILE))), undefined, code);
  }
  t.equal(foolery(heldLines([{ what: HOSTILE, why: HOSTILE }]).join("\n")), undefined);
  t.end();
});

t.test("status, metrics and the log", async (t) => {
  const status: StatusView = {
    running: true,
    approval_id: "a",
    held: [{ what: "w", why: "y" }],
    waiting: [{ what: "w", for: "f" }],
    kept: [{ realm: "r", user: "u", why: "y" }],
    skipped: [{ realm: "r", who: "w", why: "y" }],
    findings: [{ code: "SYNC_KEPT", level: "warning", realm: "r", message: "m", next: "n" }],
    health: {
      state: "degraded",
      reasons: ["reason"],
      version: "1",
      since: "2026-11-22T04:11:00.000Z",
      lease: { leader: false, writer: "pve1" },
      reload: { ok: true, at: null },
      credential: { expires: "2040-01-01T00:00:00.000Z" },
      database: null,
      findings: {},
      realms: {
        entra: {
          secret: {
            hint: "abc",
            expires: null,
            accepted: true,
            last_proof: null,
            rotating: false,
            last_rotation: null,
          },
          sync: {
            ok: false,
            code: "PVE_REFUSED",
            last_attempt: "2026-11-27T10:28:26.125Z",
            last_success: null,
            duration_seconds: 1,
            held: 0,
            skipped: 0,
            kept: 0,
            unmanaged: 0,
          },
          findings: {},
        },
      },
    },
  };
  for (const terminal of [true, false]) {
    t.equal(foolery(statusText(treacherous(status), terminal)), undefined);
  }
  t.equal(foolery(jsonText(treacherous(status), 2)), undefined);

  const counters = new Counters();
  counters.change(HOSTILE, "join");
  counters.request("pve", HOSTILE, undefined);
  const metrics = await renderMetrics(treacherous(well), counters);
  const names = metrics
    .split("\n")
    .filter((line) => !/^(#|pve_entra_agent_[a-z_]+[{ ]|$)/.test(line));
  t.strictSame(names, [], "every line of the metrics is a series of ours");

  for (const format of ["json", "line"] as const) {
    const lines: string[] = [];
    const log = createLog({
      format,
      clock: { now: () => 0 },
      write: (line) => void lines.push(line),
    });
    log.info(
      { [HOSTILE]: HOSTILE, code: HOSTILE, realm: HOSTILE, deep: { [HOSTILE]: [HOSTILE] } },
      HOSTILE,
    );
    log
      .child({ [HOSTILE]: HOSTILE })
      .error({ err: new Error(HOSTILE, { cause: HOSTILE }) }, HOSTILE);
    t.equal(lines.length, 2);
    for (const line of lines) {
      t.equal(foolery(line), undefined, format);
      t.equal(line.split("\n").length, 2, "one line an event");
    }
  }
});

const encoded = (text: string): string => encodeURIComponent(text).replaceAll("'", "%27");

/** A site in which everything that somebody else can name is treacherous. */
async function hostileSite(t: Parameters<typeof startSite>[0]): Promise<Site> {
  const name = encoded(HOSTILE.replaceAll("\u{e0041}", ""));
  const site = await startSite(t, {
    users: [
      `user:old@contoso.example@entra:1:0:${name}:${name}::${name}::`,
      `user:carl@pam:1:0:${name}:::${name}::`,
      `token:old@contoso.example@entra!ci:0:1:${name}:`,
      `group:ops:carl@pam:${name} [entra%3Aentra]::`,
      `group:gone:old@contoso.example@entra:${name} [entra%3Aentra]::`,
      "acl:1:/vms:@ops:PVEVMUser:",
    ],
    realmProperties: { comment: HOSTILE.replace(/[\r\n]/g, "") },
  });
  const { world } = site.entra;
  const eve = site.addUser("eve", {
    displayName: HOSTILE,
    givenName: HOSTILE,
    surname: HOSTILE,
    mail: "e@x.example",
  });
  const odd = site.addUser("a b", { displayName: HOSTILE });
  const group = world.addGroup({ displayName: HOSTILE }).id;
  for (const person of [eve, odd]) world.join(group, person);
  site.configure({ groups: mapping("ops", group), realm: 'unmarked = "disable"' });
  return site;
}

const COMMANDS = [
  ["plan"],
  ["sync"],
  ["status"],
  ["history"],
  ["rotate", "--realm", HOSTILE],
  [HOSTILE],
  ["sync", HOSTILE],
  ["history", "--since", HOSTILE],
  ["plan", `--${HOSTILE}`],
  ["history", "--user", HOSTILE],
];

t.test("every command over a site of treacherous names", async (t) => {
  const site = await hostileSite(t);
  site.journal.close();
  const run = terminalOf(site);
  const lines: string[] = [];
  for (const argv of COMMANDS) {
    for (const more of [[], ["--json"]]) {
      for (const format of ["line", "json"] as const) {
        const log = createLog({
          level: "debug",
          format,
          clock: site.clock,
          write: (line) => void lines.push(line),
        });
        const machine = machineOf(site.clock, { log });
        const { out, err } = await run([...argv, ...more], { machine });
        t.equal(foolery(out + err), undefined, printable(argv.join(" ")));
      }
    }
  }
  t.strictSame(
    lines.map(foolery).filter((one) => one !== undefined),
    [],
  );
  t.ok(lines.length > 50);
  const cfg = site.pve.userCfg().split("\n");
  const unlike = cfg.filter((line) => !/^(user|group|acl|token|role|pool):|^$/.test(line));
  t.strictSame(unlike, [], "no second line out of a name");
  for (const line of cfg.filter((one) => one.startsWith("user:"))) {
    t.equal(line.split(":").length, 10, `no second field: ${line}`);
  }
  t.notOk(site.pve.userCfg().includes(`\n${FORGED}`));
  t.match(site.user("eve@contoso.example@entra"), { enable: true, groups: ["ops"] });
  t.match(site.user("carl@pam")?.groups, ["ops"], "who is not ours stays");
});

t.test("the daemon over the same site: log, health, metrics, status, orders", async (t) => {
  const site = await hostileSite(t);
  site.journal.close();
  const lines: string[] = [];
  const schedule = byHand();
  const log = createLog({
    level: "debug",
    format: "line",
    clock: site.clock,
    write: (line) => void lines.push(line),
  });
  const daemon = await startOn(site, schedule, log);
  t.teardown(() => daemon.stop());
  await schedule.tick();
  const run = terminalOf(site);
  for (const argv of [
    ["status"],
    ["sync"],
    ["status", "--json"],
    ["sync", "--json"],
    ["rotate", "--realm", HOSTILE],
  ]) {
    const { out, err } = await run(argv);
    t.equal(foolery(out + err), undefined, printable(argv.join(" ")));
  }
  for (const path of ["/health", "/ready", "/metrics", `/${encoded("\u001b[2J")}`]) {
    const answer = await request(`${daemon.healthUrl}${path}`);
    const text = await answer.body.text();
    t.equal(foolery(text), undefined, path);
    t.notMatch(text, /Eve|carl|anna/, "no names");
  }
  await daemon.stop();
  t.strictSame(
    lines.map(foolery).filter((one) => one !== undefined),
    [],
  );
  t.ok(
    lines.some((line) => line.includes("Eve\\u000a")),
    "they were there",
  );
});

t.test("what looks like a secret in a message is hidden in every output alike", async (t) => {
  const word = "hunter2hunter2";
  const site = await startSite(t, { users: [`user:client_secret=${word}@entra:1:0::::::`] });
  site.journal.close();
  site.configure({ groups: mapping("ops", site.group("ops", [site.addUser("anna")])) });
  const run = terminalOf(site);
  // Entra's 404 counts from the second pass on.
  await run(["sync"]);
  for (const argv of [["plan"], ["sync"], ["sync", "--json"], ["plan", "--json"]]) {
    const { out, err } = await run(argv);
    const messages = (out + err)
      .split("\n")
      .filter((line) => line.includes("SYNC_UNMARKED_USER") || line.includes('"message"'))
      .map((line) => line.replace(/"(subject|userid)":"[^"]*"/g, ""));
    t.match(messages.join("\n"), "[secret]", argv.join(" "));
    t.notOk(messages.join("\n").includes(word), argv.join(" "));
  }
});
