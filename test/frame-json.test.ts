/** What the commands print as JSON is what docs/schema says, and docs/json.md names each schema. */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import type { ValidateFunction } from "ajv";
import formats from "ajv-formats";
import t from "tap";
import type { Test } from "tap";
import { statusOf } from "../src/daemon/status.js";
import type { Io } from "../src/commands/io.js";
import type { PlanView } from "../src/decide/plan-view.js";
import { main } from "../src/main.js";
import { well } from "./health-common.js";
import { mapping, startSite } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { machineOf } from "./support/machine.js";

const NAMES = ["plan", "status", "history", "events"] as const;
type Schema = (typeof NAMES)[number];

function schemas(): Record<Schema, ValidateFunction> {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true });
  formats.default(ajv);
  const read = (name: Schema): object =>
    JSON.parse(readFileSync(new URL(`../docs/schema/${name}.json`, import.meta.url), "utf8")) as {
      $id: string;
    };
  for (const name of NAMES) ajv.addSchema(read(name), name);
  const compiled = NAMES.map((name) => [name, ajv.getSchema(name)]);
  return Object.fromEntries(compiled) as Record<Schema, ValidateFunction>;
}

const SCHEMAS = schemas();

function fits(t: Test, schema: Schema, value: unknown, what: string): void {
  const validate = SCHEMAS[schema];
  const sent = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
  t.ok(validate(sent), `${what}: ${JSON.stringify(validate.errors)}`);
  t.notOk(validate({ ...sent, more: 1 }), `${what}, and nothing more`);
}

async function run(site: Site, ...args: string[]): Promise<{ out: string; exit: number }> {
  const said = { out: "", exit: 0 };
  const io: Io = {
    out: (text) => void (said.out += text),
    err: () => undefined,
    terminal: false,
    version: "0.1.0",
    uid: 0,
    onSignal: () => () => undefined,
    machine: machineOf(site.clock),
  };
  said.exit = await main([...args, "--json", "--config", site.configFile], io);
  return said;
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const PEOPLE = ["anna", "bert", "cora", "dora"];
const ACL = 'acl = [{ path = "/vms", role = "PVEVMUser" }]';

/** Four people in one group, one of whom has a userid that is no good. */
async function start(
  t: Test,
): Promise<{ site: Site; parts: ConfigParts; leave: () => void; join: (name: string) => void }> {
  const site = await startSite(t);
  const people = [...PEOPLE, "é"].map((name) => site.addUser(name));
  const group = site.group("Operators", people);
  const parts = { groups: mapping("ops", group, ACL) };
  site.configure(parts);
  const leave = (): void => {
    for (const person of people) site.entra.world.leave(group, person);
  };
  const join = (name: string): void => site.entra.world.join(group, site.addUser(name));
  return { site, parts, leave, join };
}

t.test("docs/json.md names every schema", async (t) => {
  const page = readFileSync(new URL("../docs/json.md", import.meta.url), "utf8");
  for (const name of NAMES) t.ok(page.includes(`schema/${name}.json`), name);
});

t.test("plan --json, with writes and with held changes", async (t) => {
  const { site, parts, leave } = await start(t);
  const first = await run(site, "plan");
  t.equal(first.exit, 2);
  const plan = JSON.parse(first.out) as PlanView;
  t.equal(plan.writes.length, PEOPLE.length + 2);
  t.equal(plan.skipped.length, 1);
  t.equal(plan.secrets.length, 1);
  fits(t, "plan", plan, "writes");
  await site.pass(parts);
  leave();
  const second = await run(site, "plan");
  t.equal(second.exit, 3);
  const held = JSON.parse(second.out) as PlanView;
  t.equal(held.held.length, 2 * PEOPLE.length, "each leaves the group, and all mappings");
  t.ok(held.guard.some((count) => count.held));
  fits(t, "plan", held, "held");
});

t.test("sync --json and rotate --json: a line for each event", async (t) => {
  const { site } = await start(t);
  const { out, exit } = await run(site, "sync");
  t.equal(exit, 0);
  const events = lines(out);
  for (const event of events) fits(t, "events", event, String(event["type"]));
  const kinds = new Set(events.map(({ type }) => type));
  t.strictSame([...kinds].sort(), ["done", "finding", "plan", "progress"]);
  t.strictSame(events.at(-1), { type: "done", exit: 0 });
  const wrong = lines((await run(site, "rotate", "--realm", "nowhere")).out || '{"type":"none"}');
  t.strictSame(wrong, [{ type: "none" }], "what never began has no events");
});

t.test("status --json, of a daemon and without one", async (t) => {
  const { site, parts, leave } = await start(t);
  await site.pass(parts);
  const alone = await run(site, "status");
  t.equal(alone.exit, 1);
  t.match(JSON.parse(alone.out), { running: false, health: { realms: { entra: {} } } });
  fits(t, "status", JSON.parse(alone.out), "without a daemon");
  leave();
  const report = await site.pass(parts);
  const running = statusOf(well, report, report.findings, true);
  t.equal(running.held.length, 2 * PEOPLE.length);
  t.ok(running.findings.length > 0);
  fits(t, "status", running, "of a daemon");
});

t.test("history --json: a line for each entry, of every type", async (t) => {
  const { site, parts, leave, join } = await start(t);
  await site.pass(parts);
  await site.rotate(parts);
  leave();
  const { plan } = await site.pass(parts);
  const approved = await run(site, "sync", "--approve", plan.approvalId ?? "");
  t.equal(approved.exit, 0);
  join("eva");
  site.pve.world.quorum(false);
  await site.pass(parts);
  site.journal.note("reload", undefined, "configuration loaded again");
  const entries = lines((await run(site, "history", "--limit", "1000")).out);
  const types = new Set(entries.map(({ type }) => type));
  t.strictSame([...types].sort(), ["approval", "change", "note", "pass", "rotation"]);
  for (const entry of entries) fits(t, "history", entry, String(entry["type"]));
});

t.test("the health in status.json is the health of docs/health.md", async (t) => {
  const page = readFileSync(new URL("../docs/health.md", import.meta.url), "utf8");
  const block = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const health = JSON.parse(block) as { properties: object };
  const file = new URL("../docs/schema/status.json", import.meta.url);
  const status = JSON.parse(readFileSync(file, "utf8")) as {
    properties: { health: { properties: object; description: string } };
  };
  t.strictSame(status.properties.health.properties, health.properties);
});
