/** The program as the daemon runs it: one agent for many passes, its health and its log. */
import { createAgent } from "../../src/agent.js";
import type { Agent } from "../../src/agent.js";
import type { Clock } from "../../src/clock.js";
import { loadConfig } from "../../src/config/load.js";
import type { ControlEvent, Order } from "../../src/control/index.js";
import { afterPass, afterRotation, afterThrown } from "../../src/daemon/health-state.js";
import { knownRealms } from "../../src/daemon/known-realms.js";
import { carryOut, completeOrder } from "../../src/daemon/orders.js";
import type { OrderedPass } from "../../src/daemon/orders.js";
import { Teller } from "../../src/daemon/teller.js";
import { asAgentError, ERRORS } from "../../src/errors.js";
import type { ErrorCode } from "../../src/errors.js";
import { exitOf } from "../../src/exit.js";
import { Counters, healthOf } from "../../src/health/index.js";
import type { HealthState } from "../../src/health/index.js";
import { openJournal } from "../../src/journal/index.js";
import type { Journal } from "../../src/journal/index.js";
import { createLog } from "../../src/log.js";
import type { PassReport } from "../../src/pass/pass.js";
import { machineOf, NODE } from "../support/machine.js";
import type { Site } from "../support/site.js";

/** What one pass said of itself. */
export interface Told {
  readonly exit: number;
  /** The codes of everything found, in the pass and the rotation beside it. */
  readonly codes: readonly ErrorCode[];
  /** `/health`'s word after it, and the codes that it names. */
  readonly health: string;
  readonly healthCodes: readonly string[];
  /** Codes in the log. */
  readonly logged: readonly string[];
  /** All that was printed. */
  readonly out: string;
}

export class Program {
  readonly #journal: Journal;
  readonly #agent: Agent;
  readonly #teller: Teller;
  readonly #lines: string[];
  readonly #site: Site;
  /** Of its own: many programs live in one process. */
  readonly #lasting = new AbortController();
  #state: HealthState;

  constructor(site: Site, clock: Clock, deadlineMs?: number) {
    this.#site = site;
    this.#lines = site.logLines;
    const write = (line: string): void => void site.logLines.push(line);
    const log = createLog({ clock, level: "debug", format: "json", write });
    const config = loadConfig(site.configFile, { env: {} });
    this.#journal = openJournal({ dir: config.state.dir, clock, log, ...NODE });
    const more = deadlineMs === undefined ? {} : { deadlineMs };
    this.#agent = createAgent(config, this.#journal, machineOf(clock, { log, ...more }));
    this.#teller = new Teller(new Counters(), log);
    this.#state = {
      version: "0.0.0-test",
      startedAt: clock.now(),
      observed: false,
      lease: { leader: false },
      reload: { ok: true },
      realms: knownRealms(config, this.#journal),
      findings: new Map(),
    };
  }

  /** One pass with the rotations that it sets going, as `sync` orders it of the daemon. */
  async run(argv: readonly string[]): Promise<Told> {
    const events: ControlEvent[] = [];
    const from = this.#lines.length;
    const codes: ErrorCode[] = [];
    let exit: number;
    try {
      const { config } = this.#agent;
      const pass = (order: OrderedPass): Promise<PassReport> => this.#pass(order, codes);
      exit = await carryOut(orderOf(argv), { config, pass }, (event) => void events.push(event));
    } catch (thrown) {
      const { code } = asAgentError(thrown);
      codes.push(code);
      exit = exitOf(thrown);
    }
    const { state, report } = healthOf(this.#state);
    return {
      exit,
      codes: [...new Set(codes)].sort(),
      health: state,
      healthCodes: this.#healthCodes(report.reasons),
      logged: this.#lines.slice(from).flatMap((line) => codeIn(line)),
      out: JSON.stringify([events, report]),
    };
  }

  async close(): Promise<void> {
    await this.#agent.close({ abort: true });
    this.#journal.close();
  }

  #healthCodes(reasons: readonly string[]): readonly string[] {
    const counted = [...this.#state.realms.values()].flatMap(({ findings, rotation }) => [
      ...findings.keys(),
      ...(rotation ?? new Map<ErrorCode, number>()).keys(),
    ]);
    const said = reasons.flatMap((reason) => reason.match(/[A-Z]+_[A-Z_]+/g) ?? []);
    return [...new Set([...counted, ...this.#state.findings.keys(), ...said])];
  }

  /** As the daemon does it around every pass. */
  async #pass(order: OrderedPass, codes: ErrorCode[]): Promise<PassReport> {
    const full = completeOrder(order, this.#agent.config);
    const names = full.realms.map(({ name }) => name);
    const { clock } = this.#site;
    try {
      const report = await this.#agent.pass(full, {}, this.#lasting.signal);
      codes.push(...report.findings.map(({ code }) => code));
      this.#state = afterPass(this.#state, report);
      this.#teller.pass(report, []);
      for (const outcome of await Promise.all(report.rotations)) {
        codes.push(...outcome.findings.map(({ code }) => code));
        this.#teller.rotation(outcome.findings);
        this.#state = afterRotation(this.#state, outcome, names, clock.now());
      }
      return report;
    } catch (thrown) {
      const { code } = asAgentError(thrown);
      this.#state = afterThrown(this.#state, names, code, clock.now());
      throw thrown;
    }
  }
}

/** Whether somebody is to be woken up by it. */
export function isError(code: string): boolean {
  return ERRORS[code as ErrorCode].level === "error";
}

function orderOf(argv: readonly string[]): Order {
  const [command, ...rest] = argv.filter((word) => word !== "--json");
  if (command !== "sync") throw new RangeError(`no order: ${argv.join(" ")}`);
  const [option, id] = rest;
  if (option === undefined) return { kind: "sync" };
  if (option !== "--approve" || id === undefined) throw new RangeError(argv.join(" "));
  return { kind: "sync", approve: id, by: "root" };
}

function codeIn(line: string): readonly string[] {
  const { code } = JSON.parse(line) as { code?: string };
  return code === undefined ? [] : [code];
}
