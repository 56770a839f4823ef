/** Findings as a person reads them: the code, what happened, and what to do next. */
import { printable } from "../decide/text.js";
import { ERRORS } from "../errors.js";
import type { AgentError, Finding } from "../errors.js";

export function findingsText(findings: readonly Finding[]): string {
  return findings.map(findingText).join("");
}

export function findingText({ code, message, realm }: Finding): string {
  const { level, next } = ERRORS[code];
  const where = realm === undefined ? "" : ` (realm ${printable(realm)})`;
  return `${level} ${code}${where}: ${printable(message)}\n  ${next}\n`;
}

export function errorText(error: AgentError): string {
  // A ConfigError's message has a line for each problem: only what is inside a line is escaped.
  const message = error.message.split("\n").map(printable).join("\n");
  return `pve-entra-agent: ${error.code}: ${message}\n  ${error.next}\n`;
}
