/**
 * The world of a long life, in a process of its own so that the memory measured is the program's:
 * Entra, PVE, and people who come and go. The parent keeps the time and says when what happens.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import type { Fault } from "../emulators/common/faults.js";
import { seededRandom } from "../emulators/entra/random.js";
import { readRealm } from "../emulators/signin/realm.js";
import { filesBelow, leaksIn, mapping, startSite } from "../support/site.js";
import type { ConfigParts, Site } from "../support/site.js";
import { standingClock } from "../support/world-clock.js";

/** What the parent may ask for, and what it is answered. */
export interface Orders {
  time(now: number): void;
  /** Some people join, some leave; now and then one is renamed, disabled, new or deleted. */
  round(): void;
  fault(order: { readonly system: "entra" | "pve"; readonly fault: Fault }): void;
  /** Nothing answers any more until `heal`. */
  unplug(system: "entra" | "pve"): void;
  heal(): void;
  /** `odd` even or odd: two configurations that differ; `bad`: one that cannot be loaded. */
  configure(which: "one" | "other" | "bad"): void;
  verdict(): Verdict;
  /** PVE's user.cfg. */
  users(): string;
  /** How many secrets the SSO app has. */
  secrets(): number;
}

export interface Verdict {
  /** Who is in a group of PVE and should not be, or should be and is not. */
  readonly wrong: readonly string[];
  /** Whether Entra accepts what the realm holds. */
  readonly accepted: boolean;
  /** Answers of the emulators that the real ones would not give. */
  readonly violations: readonly string[];
  /** Secrets (by their hints) in the log or below the state folder. */
  readonly leaks: readonly string[];
}

export interface Place {
  readonly configFile: string;
  readonly dir: string;
  readonly now: number;
}

const CAST = 40;
const GROUPS = ["staff", "admins"] as const;

async function build(site: Site, seed: number): Promise<Orders> {
  const { world } = site.entra;
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T | undefined =>
    list[Math.floor(random.next() * list.length)];
  // The site's own secret ends after two years: a long life needs another.
  const { secretText } = world.addSecret(site.agentApp.id, { days: 36_500 });
  writeFileSync(join(site.dir, "agent-secret"), secretText, { mode: 0o600 });
  let made = 0;
  const person = (): string => site.addUser(`person${made++}`);
  let people = Array.from({ length: CAST }, person);
  const ids = new Map(GROUPS.map((name, n) => [name, site.group(name, people.slice(n, n + 12))]));
  const parts = partsOf(ids);
  site.configure(parts.one);

  const churn = (group: string): void => {
    const inside = world.members(group);
    const outside = people.filter((id) => !inside.includes(id));
    const [leaver, joiner] = [pick(inside), pick(outside)];
    if (leaver !== undefined && inside.length > 8) world.leave(group, leaver);
    if (joiner !== undefined && inside.length < 16) world.join(group, joiner);
  };
  const life = (): void => {
    const [first, second] = [pick(people), pick(people)];
    if (first === undefined || second === undefined || first === second) return;
    const dice = random.next();
    const { accountEnabled } = world.user(first);
    if (!accountEnabled) world.enable(first);
    else if (dice < 0.1) world.disable(first);
    else if (dice < 0.2) world.rename(first, `renamed${made++}@contoso.example`);
    else if (dice < 0.3) {
      world.deleteUser(second);
      people = [...people.filter((id) => id !== second), person()];
    }
  };
  return {
    time: (now) => site.clock.set(now),
    round: () => {
      for (const group of ids.values()) churn(group);
      life();
      for (const log of [site.entra.log, site.pve.log]) log.clear();
    },
    fault: ({ system, fault }) => site[system].faults.add(fault),
    unplug: (system) =>
      site[system].faults.add({ times: Infinity, do: { kind: "cut", when: "before" } }),
    heal: () => {
      for (const { faults } of [site.entra, site.pve]) faults.clear();
    },
    configure: (which) => {
      if (which === "bad") writeFileSync(site.configFile, "[pve\n");
      else site.configure(parts[which]);
    },
    verdict: () => ({
      wrong: wrongIn(site, ids),
      accepted: world
        .secretsOf(site.sso.id)
        .some(
          ({ secretText }) => secretText === readRealm(site.pve.domainsCfg(), "entra").clientKey,
        ),
      violations: site.entra.violations.map(({ path, errors }) => `${path}: ${errors.join("; ")}`),
      leaks: leaksIn(site, [
        readFileSync(join(site.dir, "agent.log"), "utf8"),
        ...filesBelow(join(site.dir, "state")),
      ]),
    }),
    users: () => site.pve.userCfg(),
    secrets: () => world.secretsOf(site.sso.id).length,
  };
}

function partsOf(ids: ReadonlyMap<string, string>): Record<"one" | "other", ConfigParts> {
  const parts = (overlap: string, cron: string): ConfigParts => ({
    sections: `[schedule]\ncron = "${cron}"\n[rotation]\noverlap = "${overlap}"\n[cluster]\nwriter = "pve1"\nid = "soak"`,
    realm: 'delete_after = "30d"',
    groups: GROUPS.map((name) =>
      mapping(
        `pve-${name}`,
        ids.get(name) ?? "",
        `acl = [ { path = "/vms", role = "PVEVM${name === "admins" ? "Admin" : "User"}" } ]`,
      ),
    ).join("\n"),
  });
  return { one: parts("1h", "*/5 * * * *"), other: parts("2h", "*/6 * * * *") };
}

function wrongIn(site: Site, ids: ReadonlyMap<string, string>): readonly string[] {
  const { world } = site.entra;
  return [...ids].flatMap(([name, id]) => {
    const people = world.members(id).map((member) => world.user(member));
    const wanted = people
      .filter(({ accountEnabled }) => accountEnabled)
      .map(({ userPrincipalName }) => `${userPrincipalName}@entra`);
    const line = site.pve
      .userCfg()
      .split("\n")
      .find((one) => one.startsWith(`group:pve-${name}:`));
    const there = (line?.split(":")[2] ?? "").split(",").filter((user) => user !== "");
    return [
      ...there.filter((user) => !wanted.includes(user)).map((user) => `${user} is in pve-${name}`),
      ...wanted
        .filter((user) => !there.includes(user))
        .map((user) => `${user} is not in pve-${name}`),
    ];
  });
}

interface Asked {
  readonly id: number;
  readonly order: keyof Orders;
  readonly argument: unknown;
}

async function asProcess(): Promise<void> {
  const ends: (() => unknown)[] = [];
  const t = { teardown: (end: () => unknown) => void ends.push(end) } as unknown as Test;
  const site = await startSite(t, { clock: standingClock() });
  site.journal.close();
  writeFileSync(join(site.dir, "agent.log"), "");
  const orders = await build(site, Number(process.env["SEED"] ?? 1));
  const place: Place = { configFile: site.configFile, dir: site.dir, now: site.clock.now() };
  process.on("message", ({ id, order, argument }: Asked) => {
    try {
      const value = (orders[order] as (argument: unknown) => unknown)(argument);
      process.send?.({ id, value });
    } catch (thrown) {
      process.send?.({ id, error: String(thrown) });
    }
  });
  const end = async (): Promise<void> => {
    for (const one of ends) await one();
    process.exit();
  };
  process.once("disconnect", () => void end());
  process.send?.({ id: 0, value: place });
}

if (process.argv[1] === import.meta.filename) await asProcess();
