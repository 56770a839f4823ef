/** One whole life of a site, watched: the property that every random world has to hold. */
import type { Action } from "../../src/decide/plan.js";
import type { LifeDraw, StepDraw } from "./draw.js";
import { keepers, leftInMoments } from "./judge.js";
import { LivingSite } from "./site.js";
import type { PassResult } from "./site.js";
import { Hearing } from "./tenant.js";
import { Watcher } from "./watch.js";

/** Passes in which nothing is edited, misheard or refused, until nothing is left to do. */
const QUIET: Pick<StepDraw, "lies" | "faults" | "approve" | "clockOffMinutes"> = {
  lies: [],
  faults: [],
  approve: false,
  clockOffMinutes: 0,
};

/** So many quiet passes may each go further than the one before. */
const MOST_PASSES = 4;

export interface Told {
  readonly site: LivingSite;
  readonly step: Pick<StepDraw, "lies" | "faults" | "approve" | "clockOffMinutes">;
  readonly result: PassResult;
}

/** Lives through all of it; throws what broke a promise. `tell` hears of every pass. */
export async function live(draw: LifeDraw, tell: (told: Told) => void): Promise<void> {
  const site = new LivingSite(draw);
  const watch = new Watcher(site, new Hearing(site.tenant, []));
  const pass = async (step: Told["step"]): Promise<PassResult> => {
    const result = await site.pass(step, watch);
    tell({ site, step, result });
    const undisturbed = step.faults.length === 0;
    const wrong = undisturbed ? [...keepers(site, result), ...leftInMoments(result)] : [];
    if (wrong.length > 0) throw new Error(`${wrong.join("\n")}\n${story(result)}`);
    if (watch.wrong !== undefined) throw new Error(`${watch.wrong}\n${story(result)}`);
    return result;
  };
  try {
    for (const step of draw.steps) {
      site.live(step);
      if (step.loseJournal) watch.forget();
      watch.hears(new Hearing(site.tenant, step.lies));
      await pass(step);
    }
    site.tenant.replicate();
    watch.hears(new Hearing(site.tenant, []));
    await settles(pass);
  } finally {
    site.close();
  }
}

/**
 * After one quiet pass nothing is left to do, but for what it makes possible itself (`opens`); that
 * ends after a few passes, and then the held set stays the same, too.
 */
async function settles(pass: (step: Told["step"]) => Promise<PassResult>): Promise<void> {
  let last = await pass(QUIET);
  if (last.thrown !== undefined) return;
  for (let more = 0; more < MOST_PASSES && opens(last); more += 1) last = await pass(QUIET);
  const next = await pass(QUIET);
  nothingLeft(next, last);
  const [held, then] = [last.outcome?.plan.approvalId, next.outcome?.plan.approvalId];
  if ((last.outcome?.done ?? []).length === 0 && held !== then) {
    throw new Error(`the held set changes by itself: ${held} and ${then}`);
  }
}

/**
 * Whether a later pass may go further than this one: a 404 that was heard is believed the second
 * time, a group that went makes room for another realm's, and what was deleted makes room in the
 * user database.
 */
function opens({ outcome }: PassResult): boolean {
  const { done, plan } = outcome ?? { done: [], plan: undefined };
  const goes = done.some(({ write }) => write.kind === "delete-group");
  const full = plan?.findings.some(({ code }) => code === "SYNC_DATABASE_FULL") === true;
  const first = (plan?.heard.absent ?? []).length > 0;
  return first || (done.length > 0 && (goes || full));
}

function nothingLeft(result: PassResult, before: PassResult): void {
  const { actions, findings } = result.outcome?.plan ?? { actions: [], findings: [] };
  // A journal without their past knows them from its own first write on, and then speaks against a
  // mark that alone says that we disabled them (decision 0003): they are reported, and named.
  const doubted = new Set(
    findings.filter(({ code }) => code === "SYNC_STAYS_DISABLED").map(({ subject }) => subject),
  );
  const about = ({ write }: Action): string => ("userid" in write ? write.userid : "");
  const rest = actions.filter((action) => !doubted.has(about(action)));
  if (rest.length === 0) return;
  const words = rest.map(({ write, changes }) =>
    JSON.stringify([write, changes.map(({ kind, reason }) => [kind, reason])]),
  );
  throw new Error(
    `a quiet pass after a quiet pass still finds to do:\n${words.join("\n")}\n${story(before)}\n${story(result)}`,
  );
}

/** What was seen, decided and done, for whoever reads a failure. */
export function story({ looks, outcome, before, after }: PassResult): string {
  const planned = looks.map(({ plan, facts }) =>
    [
      ...facts.realms.map((realm) => `  ${JSON.stringify(realm)}`),
      ...[...facts.directory.groups.values()].map((one) =>
        one.ok ? `  ${one.id}: ${[...one.members].join()}` : `  ${one.id}: unreadable`,
      ),
      ...[...facts.directory.people.values()].map((one) => `  ${JSON.stringify(one)}`),
      ...[...facts.directory.answers].map(([key, own]) =>
        own.kind === "person"
          ? `  ${key}: ${own.person.userPrincipalName} ${own.person.accountEnabled} in ${[...own.memberOf].join()} of ${[...own.asked].join()}`
          : `  ${key}: ${own.kind}`,
      ),
      ...plan.actions.map(({ write }) => `  ${JSON.stringify(write)}`),
      ...plan.waiting.map(
        ({ action, waitsFor }) => `  waits: ${JSON.stringify(action.write)}: ${waitsFor}`,
      ),
      ...plan.holds.map(({ change, because }) => `  held: ${JSON.stringify(change)}: ${because}`),
    ].join("\n"),
  );
  const done = (outcome?.done ?? []).map(({ write }) => `  ${JSON.stringify(write)}`);
  const findings = [...(outcome?.plan.findings ?? []), ...(outcome?.findings ?? [])];
  return [
    "before:",
    before,
    ...planned.flatMap((one) => ["planned:", one]),
    "done:",
    ...done,
    "findings:",
    ...findings.map(({ code, message }) => `  ${code}: ${message}`),
    "after:",
    after,
  ]
    .join("\n")
    .replace(/x{9,}/g, "x…")
    .replaceAll("-0000-4000-8000-0000000000", "-")
    .split("\n")
    .filter((line) => !/^(role:|pool:|$)|entra-agent@pve/.test(line))
    .join("\n");
}
