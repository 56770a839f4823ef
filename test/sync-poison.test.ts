/** One write that PVE refuses, at every position of a plan: all the rest still happens. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { openJournal } from "../src/journal/index.js";
import { createLog } from "../src/log.js";
import { mapping } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(600_000);

interface LoggedWrite {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** A site whose next pass has every kind of write, and the way back to just before it. */
async function busySite(t: Test): Promise<{
  readonly bed: Bed;
  readonly parts: () => ConfigParts;
  readonly rewind: () => void;
}> {
  const sections = "[guard]\nmax_removal_share = 1.0\nmax_removals = 50";
  const vm = (role: string): string => `{ path = "/vms", role = "${role}" }`;
  const first = (): string =>
    mapping("ops", ops, `acl = [${vm("PVEVMUser")}]`) +
    mapping("dev", dev, `acl = [${vm("PVEVMUser")}]`) +
    mapping("old", old, 'acl = [{ path = "/storage", role = "PVEDatastoreUser" }]');
  const second = (): string =>
    mapping("ops", ops, `acl = [${vm("PVEVMAdmin")}]`) +
    mapping("dev", dev, `acl = [${vm("PVEVMUser")}, { path = "/pool", role = "PVEPoolUser" }]`) +
    mapping("new", fresh, 'acl = [{ path = "/pool", role = "PVEPoolUser" }]') +
    mapping("more", more, 'acl = [{ path = "/vms/107", role = "PVEAuditor" }]');
  const bed = await startBed(t, () => ({ groups: second(), sections }));
  const { site } = bed;
  const { world } = site.entra;
  const person = (name: string): string => bed.person(name, { mail: null });
  const [anna, bert, cora, dora, emil] = ["anna", "bert", "cora", "dora", "emil"].map(person);
  const [finn, gina, hans, ines, jana] = ["finn", "gina", "hans", "ines", "jana"].map(person);
  if (!(anna && bert && cora && dora && emil && finn && gina && hans && ines && jana)) {
    throw new RangeError("ten people");
  }
  const ops = site.group("Operators", [anna, bert, cora, dora]);
  const dev = site.group("Developers", [anna, emil]);
  const old = site.group("Old", [finn]);
  const fresh = site.group("New", []);
  const more = site.group("More", []);
  await site.pass({ groups: first(), sections });
  // The guard's day begins anew: who is in a group was in it when the 24 hours began.
  site.clock.advance(25 * 60 * 60_000);
  world.leave(ops, bert); // out of everything: disabled
  world.disable(cora);
  world.leave(ops, dora); // moved
  world.join(dev, dora);
  world.join(fresh, emil, gina, hans, ines);
  world.join(more, hans, jana);
  world.join(dev, ines);
  world.leave(dev, anna);
  world.join(fresh, anna); // left and joined in one
  site.journal.close();
  const state = join(site.dir, "state");
  cpSync(state, join(site.dir, "before"), { recursive: true });
  const userCfg = site.pve.userCfg();
  const rewind = (): void => {
    site.journal.close();
    rmSync(state, { recursive: true });
    cpSync(join(site.dir, "before"), state, { recursive: true });
    site.journal = reopened(site, state);
    site.pve.load({ userCfg });
  };
  site.journal = reopened(site, state);
  return { bed, rewind, parts: () => ({ groups: second(), sections }) };
}

function reopened(site: Site, dir: string): Site["journal"] {
  const log = createLog({ level: "error", format: "json", clock: site.clock, write: () => {} });
  const machineId = "0123456789abcdef0123456789abcdef";
  return openJournal({ dir, clock: site.clock, log, nodeName: "pve1", machineId });
}

/** Everything that a plan can change, each as one line. */
function factsOf(userCfg: string): ReadonlySet<string> {
  const facts = userCfg.split("\n").flatMap((line) => {
    const [kind, one = "", two = "", three = "", four = ""] = line.split(":");
    if (kind === "user") return [`user ${one}`, ...(two === "1" ? [`enabled ${one}`] : [])];
    if (kind === "group") return [`group ${one}`, ...named(two).map((u) => `member ${u} ${one}`)];
    if (kind !== "acl") return [];
    return named(three)
      .filter((who) => who.startsWith("@"))
      .flatMap((who) => named(four).map((role) => `entry ${who.slice(1)} ${two} ${role}`));
  });
  return new Set(facts);
}

const named = (list: string): string[] => list.split(",").filter((name) => name !== "");

/** One write to refuse, and which facts may then stay as they were. */
interface Poison {
  readonly name: string;
  readonly fault: { readonly method: string; readonly path: string; readonly body?: string };
  readonly touches: (fact: string) => boolean;
}

const exactly = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The poisons that make just this request fail, a list of groups one by one. */
function poisonsOf({ method, path, body }: LoggedWrite): Poison[] {
  const name = `${method} ${path} ${body}`;
  const params = new URLSearchParams(body);
  const whole = { method, path: `${exactly(path)}$` };
  if (path.endsWith("/acl")) {
    const at = { path: params.get("path") ?? "", role: params.get("roles") ?? "" };
    return named(params.get("groups") ?? "").map((group) => ({
      name: `${name}: ${group}`,
      fault: { ...whole, body: entryPattern(at, group) },
      touches: (fact) =>
        fact === `entry ${group} ${at.path} ${at.role}` ||
        // A swap gives before it takes: what is not given keeps what it would have replaced.
        (params.get("delete") === null && fact.startsWith(`entry ${group} ${at.path} `)) ||
        fact === `group ${group}`,
    }));
  }
  if (path.endsWith("/groups")) {
    const group = params.get("groupid") ?? "";
    return [{ name, fault: { ...whole, body: `groupid=${group}(&|$)` }, touches: groupOf(group) }];
  }
  const last = decodeURIComponent(path.split("/").at(-1) ?? "");
  if (path.includes("/groups/")) return [{ name, fault: whole, touches: groupOf(last) }];
  const userid = params.get("userid") ?? last;
  const only = method === "POST" ? { body: exactly(encodeURIComponent(userid)) } : {};
  const touches = (fact: string): boolean => fact.split(" ")[1] === userid;
  return [{ name, fault: { ...whole, ...only }, touches: orLastOf(touches, userid) }];
}

const groupOf = (group: string) => (fact: string) =>
  fact.split(" ")[1] === group || (fact.startsWith("member") && fact.endsWith(` ${group}`));

/** What hangs on one person. A group that somebody could not be taken out of is not deleted. */
const orLastOf = (touches: (fact: string) => boolean, userid: string) => (fact: string) =>
  touches(fact) ||
  (fact === "group old" && /^finn@/.test(userid)) ||
  // Nobody who should be out of `ops` gets what it is to be given (P3): the whole swap waits.
  (fact.startsWith("entry ops /vms ") && /^(bert|cora|dora)@/.test(userid));

function entryPattern({ path, role }: { path: string; role: string }, group: string): string {
  const has = (name: string, value: string): string =>
    `(?=.*(^|&)${name}=${exactly(encodeURIComponent(value))}(&|$))`;
  return `^${has("path", path)}${has("roles", role)}(?=.*groups=([^&]*%2C)?${group}(%2C|&|$))`;
}

function writesOf(site: Site): LoggedWrite[] {
  return site.pve.log
    .entries()
    .filter(({ method }) => method !== "GET")
    .map(({ method, path, body = "" }) => ({ method, path, body }));
}

t.test("each position in turn", async (t) => {
  const { bed, parts, rewind } = await busySite(t);
  const { pve } = bed.site;
  const before = factsOf(pve.userCfg());
  pve.log.clear();
  const clean = await bed.site.pass(parts());
  t.strictSame(
    clean.findings.filter(({ code }) => code !== "SYNC_OPEN_SESSIONS"),
    [],
  );
  const writes = writesOf(bed.site);
  const desired = factsOf(pve.userCfg());
  t.ok(writes.length >= 15, `${writes.length} writes`);
  const kinds = new Set(writes.map(({ method, path }) => `${method} ${path.split("/")[4]}`));
  t.equal(kinds.size, 5, [...kinds].join(", "));
  for (const poison of writes.flatMap(poisonsOf)) {
    await t.test(poison.name, async (t) => {
      rewind();
      const answer = { kind: "status", status: 500, reason: "poisoned" } as const;
      pve.faults.add({ ...poison.fault, times: Infinity, do: answer });
      const report = await bed.site.pass(parts());
      const after = factsOf(pve.userCfg());
      const beyond = [...after].filter((fact) => !before.has(fact) && !desired.has(fact));
      t.strictSame(beyond, [], "nothing that nobody wanted");
      const missing = [...desired].filter((fact) => !after.has(fact));
      const left = [...after].filter((fact) => !desired.has(fact));
      const innocent = [...missing, ...left].filter((fact) => !poison.touches(fact));
      t.strictSame(innocent.filter(alsoWithout(desired, poison)), [], "all the rest happened");
      t.match(
        report.findings.map(({ code }) => code),
        ["PVE_REFUSED"],
      );
      pve.faults.clear();
      await bed.site.pass(parts());
      t.strictSame([...factsOf(pve.userCfg())].sort(), [...desired].sort(), "the next pass mends");
    });
  }
  t.strictSame(bed.site.entra.violations, []);
});

/** Who would be in nothing but what was refused gets no account. */
function alsoWithout(desired: ReadonlySet<string>, { touches }: Poison) {
  return (fact: string): boolean => {
    const userid = fact.split(" ")[1] ?? "";
    const memberships = [...desired].filter((one) => one.startsWith(`member ${userid} `));
    return !(/^(user|enabled) /.test(fact) && memberships.every(touches));
  };
}
