/** One pass: look at secrets and people alike, do what is due, and say how each realm fared. */
import type { Config, RealmConfig } from "../config/types.js";
import { unique } from "../decide/decide.js";
import type { Action, Plan } from "../decide/plan.js";
import type { RotationDecision } from "../decide/rotation-facts.js";
import { ERRORS, asAgentError } from "../errors.js";
import type { Finding } from "../errors.js";
import type { Journal, PassId, RealmOutcome } from "../journal/types.js";
import type { AccessPort, DirectoryPort } from "../ports.js";
import { observe } from "./observe.js";
import type { Observed } from "./observe.js";
import { renewSecrets } from "./renew.js";
import type { Renewed, RenewTools } from "./renew.js";
import type { RotationOutcome } from "./rotate-tools.js";
import { syncRealms } from "./sync.js";
import type { Approve, SyncOutcome } from "./sync.js";

export interface PassOrder {
  /** For the journal: `schedule`, `start`, `sync`, `rotate`, … */
  readonly trigger: string;
  readonly realms: readonly RealmConfig[];
  /** Realms that an administrator wants rotated now. */
  readonly rotate: ReadonlySet<string>;
  /** `plan`: nothing is written and nothing journaled. */
  readonly dry: boolean;
  /** Nobody waits for what this pass sets going: a rotation that nothing hurries takes its time. */
  readonly patient?: boolean;
  /** `rotate` looks at secrets alone. */
  readonly secretsOnly: boolean;
  /** `sync --approve`: lets this set of held changes through. */
  readonly approve?: Approve;
}

export interface PassTools extends RenewTools {
  readonly config: Config;
  readonly access: AccessPort;
  readonly directory: DirectoryPort;
  readonly journal: Journal;
  readonly planned: (plan: Plan) => void;
  readonly done: (action: Action) => void;
}

export interface RealmReport {
  /** No error but what is held: an approval is no failure. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

export interface PassReport {
  /** People, groups and entries were not looked at. */
  readonly secretsOnly: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  /** By a clock that only grows: the other two may be set in between. */
  readonly durationMs: number;
  /** Both sides were seen whole at least once. */
  readonly observed: boolean;
  readonly mayWrite: boolean;
  readonly leader?: string;
  readonly realms: ReadonlyMap<string, RealmReport>;
  readonly findings: readonly Finding[];
  readonly plan?: Plan;
  readonly done: readonly Action[];
  readonly secrets: readonly RotationDecision[];
  /** Rotations that this pass set going: they go on beside the passes. */
  readonly rotations: readonly Promise<RotationOutcome>[];
}

/**
 * Never throws for what goes wrong on either side: that is in the report. Throws what makes a pass
 * impossible, a journal that cannot be written above all.
 *
 * @param signal ends the pass
 * @param lasting ends the rotations that outlive it
 */
export async function runPass(
  order: PassOrder,
  tools: PassTools,
  signal: AbortSignal,
  lasting: AbortSignal,
): Promise<PassReport> {
  const startedAt = tools.clock.now();
  const began = tools.clock.monotonic();
  const lease = await tools.lease.check(signal);
  const pass = order.dry
    ? undefined
    : tools.journal.beginPass(
        order.realms.map(({ name }) => name),
        order.trigger,
      );
  const leaseFindings = lease.mayWrite ? [] : [lease.finding];
  const parts = await bothParts(order, pass, lease.mayWrite, tools, signal, lasting);
  const others = [...tools.journal.findings, ...parts.findings];
  // The first one is what a failed pass is put down to. Where PVE cannot be asked for anything, that is
  // why it did not say either how many nodes there are.
  const findings = unique(
    parts.read ? [...leaseFindings, ...others] : [...others, ...leaseFindings],
  );
  const realms = reports(order.realms, findings);
  if (pass !== undefined) {
    const outcomes = outcomesOf(realms, parts);
    tools.journal.endPass(pass, outcomes, tools.clock.monotonic() - began);
  }
  const leader = "leader" in lease && typeof lease.leader === "string" ? lease.leader : undefined;
  return {
    secretsOnly: order.secretsOnly,
    startedAt,
    endedAt: tools.clock.now(),
    durationMs: tools.clock.monotonic() - began,
    observed: parts.observed,
    mayWrite: lease.mayWrite,
    ...(leader === undefined ? {} : { leader }),
    realms,
    findings,
    ...(parts.sync === undefined ? {} : { plan: parts.sync.plan }),
    done: parts.sync?.done ?? [],
    secrets: parts.renewed?.decisions ?? [],
    rotations: parts.renewed?.rotations ?? [],
  };
}

interface Parts {
  /** PVE was read. */
  readonly read: boolean;
  readonly observed: boolean;
  readonly findings: readonly Finding[];
  readonly sync?: SyncOutcome;
  readonly renewed?: Renewed;
}

/**
 * Secrets and people at the same time: proving a refused key takes a minute, and neither is to
 * wait for the other. What breaks one leaves the other alone.
 */
async function bothParts(
  order: PassOrder,
  pass: PassId | undefined,
  mayWrite: boolean,
  tools: PassTools,
  signal: AbortSignal,
  lasting: AbortSignal,
): Promise<Parts> {
  const writes = mayWrite && !order.dry;
  const names = order.realms.map(({ name }) => name);
  // Asked before the keys are read: a rotation that ends in between has changed them.
  const busy = new Set(
    order.realms.map(({ clientId }) => clientId).filter((id) => tools.rotations.running(id)),
  );
  let pve: Awaited<ReturnType<AccessPort["observe"]>>;
  try {
    pve = await tools.access.observe(names, signal);
  } catch (thrown) {
    return { read: false, observed: false, findings: [thrownFinding(thrown)] };
  }
  const [sync, renewed] = await Promise.allSettled([
    order.secretsOnly
      ? Promise.resolve(undefined)
      : observe(
          tools.config,
          order.realms,
          { ...tools, access: { ...tools.access, observe: async () => pve } },
          (now) => tools.journal.history(now),
          signal,
        ).then((first: Observed) =>
          syncRealms(
            first,
            pass,
            writes,
            { ...tools, ...approving(order), realms: order.realms },
            signal,
          ),
        ),
    renewSecrets(order, pve, busy, writes, tools, signal, lasting),
  ]);
  const synced = sync.status === "fulfilled" ? sync.value : undefined;
  const secrets = renewed.status === "fulfilled" ? fromHere(renewed.value, mayWrite) : undefined;
  return {
    read: true,
    observed: sync.status === "fulfilled" && !order.secretsOnly,
    findings: [
      ...(sync.status === "rejected" ? [thrownFinding(sync.reason)] : []),
      ...(synced?.plan.findings ?? []),
      ...(synced?.findings ?? []),
      ...(renewed.status === "rejected" ? [thrownFinding(renewed.reason)] : []),
      ...(secrets?.findings ?? []),
    ],
    ...(synced === undefined ? {} : { sync: synced }),
    ...(secrets === undefined ? {} : { renewed: secrets }),
  };
}

/**
 * Whose secret it is, the journal says, and only the writer's knows: to every other node each one that
 * the writer made looks like one that nobody will remove.
 */
function fromHere(renewed: Renewed, mayWrite: boolean): Renewed {
  if (mayWrite) return renewed;
  const known = (findings: readonly Finding[]): readonly Finding[] =>
    findings.filter(({ code }) => code !== "ROTATION_FOREIGN_SECRET");
  const decisions = renewed.decisions.map((one) => ({ ...one, findings: known(one.findings) }));
  return { ...renewed, decisions, findings: known(renewed.findings) };
}

function approving({ approve }: PassOrder): { approve?: Approve } {
  return approve === undefined ? {} : { approve };
}

function thrownFinding(thrown: unknown): Finding {
  const { code, message } = asAgentError(thrown);
  return { code, message };
}

/** What names no realm concerns them all. */
function reports(
  realms: readonly RealmConfig[],
  findings: readonly Finding[],
): ReadonlyMap<string, RealmReport> {
  return new Map(
    realms.map(({ name }) => {
      const own = findings.filter(({ realm }) => realm === undefined || realm === name);
      return [name, { ok: !own.some(isFailure), findings: own }];
    }),
  );
}

/** An error that is not just waiting for a person or another node. */
export function isFailure({ code }: Finding): boolean {
  return ERRORS[code].level === "error" && code !== "GUARD_HELD" && code !== "CLUSTER_STANDBY";
}

function outcomesOf(
  realms: ReadonlyMap<string, RealmReport>,
  { sync }: Parts,
): ReadonlyMap<string, RealmOutcome> {
  return new Map(
    [...realms].map(([name, { ok, findings }]) => {
      const code = findings.find(isFailure)?.code;
      const counts = {
        changes: sync?.done.filter(({ realm }) => realm === name).length ?? 0,
        held: sync?.plan.holds.filter(({ change }) => change.realm === name).length ?? 0,
        findings: findings.length,
      };
      return [name, { ok, counts, ...(code === undefined ? {} : { code }) }];
    }),
  );
}
