/** Findings as a person reads them: the code, what happened, and what to do next. */
import { ConfigError } from "../config/problems.js";
import { printable } from "../decide/text.js";
import { ERRORS } from "../errors.js";
import type { AgentError, Finding } from "../errors.js";
import { redact } from "../redact.js";

export function findingsText(findings: readonly Finding[]): string {
  return findings.map(findingText).join("");
}

export function findingText({ code, message, realm }: Finding): string {
  const { level, next } = ERRORS[code];
  const where = realm === undefined ? "" : ` (realm ${printable(realm)})`;
  return `${level} ${code}${where}: ${printable(redact(message))}\n  ${next}\n`;
}

export function errorText(error: AgentError): string {
  // A ConfigError's message has a line for each problem; any other line break is somebody else's.
  const lines = error instanceof ConfigError ? error.message.split("\n") : [error.message];
  const message = lines.map((line) => printable(redact(line))).join("\n");
  return `pve-entra-agent: ${error.code}: ${message}\n  ${error.next}\n`;
}
