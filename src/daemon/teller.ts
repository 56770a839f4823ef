/** Tells the log and the counters what passes and rotations found: each thing once. */
import type { Action, Change } from "../decide/plan.js";
import { describe } from "../decide/render.js";
import { ERRORS } from "../errors.js";
import type { Finding } from "../errors.js";
import type { Counters } from "../health/index.js";
import type { Log } from "../log.js";
import { eventOfChange, eventOfCode } from "./events.js";
import type { PassReport } from "../pass/pass.js";

export class Teller {
  readonly #counters: Counters;
  readonly #log: Log;
  #findings: readonly Finding[] = [];
  /** As of the last pass that saw everything. */
  #whole: readonly Finding[] = [];

  constructor(counters: Counters, log: Log) {
    this.#counters = counters;
    this.#log = log;
  }

  /** As of the last pass: only what is new is logged. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Each finding is logged when it appears and once more when it is gone, not at every pass. */
  pass(report: PassReport, more: readonly Finding[]): void {
    // That it stops is no error, and the log has said so.
    const found = [...report.findings, ...more].filter(({ code }) => code !== "STOPPING");
    for (const { code } of found) this.#counters.error(code);
    const findings = unique([...this.#unseenBy(report), ...found]);
    this.#whole = report.observed ? report.findings : stillTrue(this.#whole, report);
    const before = new Set(this.#findings.map(key));
    const now = new Set(findings.map(key));
    for (const finding of findings) if (!before.has(key(finding))) this.say(finding);
    for (const finding of this.#findings) {
      if (now.has(key(finding))) continue;
      const { code, message, realm } = finding;
      const fields = {
        event: "RESOLVED",
        code,
        ...(realm === undefined ? {} : { realm }),
      } as const;
      this.#log.info(fields, `no longer: ${message}`);
    }
    this.#findings = findings;
  }

  /** What a pass cannot say to be over: it looked at secrets alone, was stopped, or could not look. */
  #unseenBy(report: PassReport): readonly Finding[] {
    if (report.findings.some(({ code }) => code === "STOPPING")) return this.#findings;
    if (report.observed) return [];
    return stillTrue(report.secretsOnly ? this.#findings : this.#whole, report);
  }

  /** What a rotation found that went on beside the passes. */
  rotation(findings: readonly Finding[]): void {
    for (const finding of findings) {
      this.#counters.error(finding.code);
      this.say(finding);
    }
  }

  /** A write that PVE did. */
  done(action: Action): void {
    for (const change of action.changes) {
      this.#counters.change(change.realm, change.kind);
      const { realm, reason, person } = change;
      const fields = { ...eventOfChange(change), realm, reason, ...ofUser(change) };
      this.#log.info(person === undefined ? fields : { ...fields, person }, describe(change));
    }
  }

  say({ code, message, realm }: Finding): void {
    const { level, next } = ERRORS[code];
    const fields = { ...eventOfCode(code), code, next, ...(realm === undefined ? {} : { realm }) };
    // To stand by is what a standby is for.
    if (code === "CLUSTER_STANDBY") this.#log.info(fields, message);
    else if (level === "error") this.#log.error(fields, message);
    else this.#log.warn(fields, message);
  }
}

/** Whom and which group a change is about: fields to search by. */
function ofUser(change: Change): { readonly userid?: string; readonly group?: string } {
  return {
    ...("userid" in change ? { userid: change.userid } : {}),
    ...("group" in change ? { group: change.group } : {}),
  };
}

const OF_NO_WRITER: ReadonlySet<string> = new Set(["CLUSTER_STANDBY", "CLUSTER_NO_WRITER"]);
const OF_A_PROOF: ReadonlySet<string> = new Set([
  "SECRET_REFUSED",
  "SECRET_UNPROVED",
  "SSO_APP_REFUSED",
]);

/** Even a pass that did not see everything may have seen the contrary: it writes, Entra takes the secret. */
function stillTrue(
  findings: readonly Finding[],
  { mayWrite, secrets }: PassReport,
): readonly Finding[] {
  const views = secrets.flatMap(({ realms }) => realms);
  const accepted = views.filter(({ proof }) => proof?.kind === "accepted");
  const proved = new Set(accepted.map(({ realm }) => realm));
  return findings.filter(({ code, realm = "" }) => {
    if (OF_NO_WRITER.has(code)) return !mayWrite;
    return !OF_A_PROOF.has(code) || !proved.has(realm);
  });
}

function unique(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [key(finding), finding])).values()];
}

/** Each answer of Entra has ids of its own, as graph-error.ts and token-request.ts write them. */
const IDS_OF_ONE_ANSWER = / \((?:request-id|trace id|correlation id) [^()]*\)/g;

function key({ code, realm, message }: Finding): string {
  return `${code}|${realm ?? ""}|${message.replace(IDS_OF_ONE_ANSWER, "")}`;
}
