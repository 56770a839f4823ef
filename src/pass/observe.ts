/** Observe: both sides become plain data, and whatever a decision needs to know is asked. */
import type { Config, RealmConfig } from "../config/types.js";
import { openQuestions } from "../decide/decide.js";
import type { SyncFacts } from "../decide/decide.js";
import type {
  Directory,
  History,
  ObjectId,
  OwnSide,
  Question,
  QuestionKey,
} from "../decide/facts.js";
import { questionKey } from "../decide/facts.js";
import { AgentError, asAgentError } from "../errors.js";
import type { Finding } from "../errors.js";
import type { AccessPort, DirectoryPort, Observation } from "../ports.js";

/** A decision that still asks after this many rounds gets `unknown` for what is left. */
const ROUNDS = 4;

export interface Observed {
  readonly facts: SyncFacts;
  readonly observation: Observation;
  /** Why nobody's own object could be asked; empty: all answered for themselves. */
  readonly findings: readonly Finding[];
}

/** `<authority>/<tenant_id>/v2.0`: what the issuer-url of every realm of ours must be. */
export function issuerOf(config: Config): string {
  return `${config.entra.authority}/${config.entra.tenantId}/v2.0`;
}

/**
 * Reads PVE and Entra at the same time, then asks people's own objects until the decisions need
 * nothing more. Throws what made a whole side unreadable.
 */
export async function observe(
  config: Config,
  realms: readonly RealmConfig[],
  ports: {
    readonly directory: DirectoryPort;
    readonly access: AccessPort;
    readonly now: () => number;
  },
  history: (now: number) => History,
  signal: AbortSignal,
): Promise<Observed> {
  const wanted = realms.flatMap(({ groups }) => groups.flatMap(({ entra }) => entra));
  // The configuration's loader has checked and lower-cased them.
  const ids = [...new Set(wanted as readonly string[] as readonly ObjectId[])];
  const names = realms.map(({ name }) => name);
  // Both are awaited before either's failure is thrown: no request outlives its pass.
  const [pve, entra] = await Promise.allSettled([
    ports.access.observe(names, signal),
    ports.directory.readGroups(ids, signal),
  ]);
  if (pve.status === "rejected") throw pve.reason;
  if (entra.status === "rejected") throw entra.reason;
  const told = ports.directory.serverTime();
  if (told === undefined && ids.length > 0) {
    throw new AgentError("ENTRA_BAD_ANSWER", "Entra's answers carry no Date");
  }
  // Realms without a mapping: nobody was asked yet, so nobody has told.
  const time = told ?? { now: ports.now(), localOffsetMs: Infinity };
  const base = {
    config,
    realms,
    issuer: issuerOf(config),
    access: pve.value.access,
    history: history(time.now),
    time,
  };
  const directory: Directory = { ...entra.value, answers: new Map() };
  const asked = await askUntilSettled({ ...base, directory }, ports.directory, signal);
  return { ...asked, observation: pve.value };
}

async function askUntilSettled(
  first: SyncFacts,
  directory: DirectoryPort,
  signal: AbortSignal,
): Promise<Pick<Observed, "facts" | "findings">> {
  let facts = first;
  const findings: Finding[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const questions = openQuestions(facts);
    if (questions.length === 0) break;
    const heard = await askOrNot(questions, directory, findings, signal);
    const answers = new Map<QuestionKey, OwnSide>([...facts.directory.answers, ...heard]);
    const time = directory.serverTime() ?? facts.time;
    facts = { ...facts, time, directory: { ...facts.directory, answers } };
  }
  return { facts, findings };
}

/**
 * Who cannot be asked stays as they are, and keeps nobody else waiting: what the lists give to
 * others was read whole, and a mapping that is gone needs nobody's word.
 */
async function askOrNot(
  questions: readonly Question[],
  directory: DirectoryPort,
  findings: Finding[],
  signal: AbortSignal,
): Promise<ReadonlyMap<QuestionKey, OwnSide>> {
  try {
    return await directory.ask(questions, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    const { code, message } = asAgentError(thrown);
    const finding: Finding = { code, message };
    findings.push(finding);
    return new Map(questions.map(({ who }) => [questionKey(who), { kind: "unknown", finding }]));
  }
}
