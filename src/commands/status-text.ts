/** `status` for a person. */
import { ansiPaint, plainPaint } from "../decide/render.js";
import type { Paint } from "../decide/render.js";
import { instant, printable } from "../decide/text.js";
import type { StatusView } from "../daemon/status.js";
import type { HealthReport } from "../health/index.js";
import { heldLines } from "./held-text.js";

export function statusText(view: StatusView, terminal: boolean): string {
  const paint = terminal ? ansiPaint : plainPaint;
  const { health } = view;
  const lines = [
    view.running
      ? `${paint.heading("pve-entra-agent")} ${printable(health.version)}: ${word(health.state, paint)}`
      : `${paint.heading("pve-entra-agent")}: ${paint.lost("the daemon is not running")}; what follows is from the journal`,
    ...health.reasons.map((reason) => `  ${printable(reason)}`),
    ...(view.running ? [leaseLine(health)] : []),
    ...(health.credential.expires === null
      ? []
      : [`the agent's own credential ends ${when(health.credential.expires)}`]),
    ...Object.entries(health.realms).flatMap(([name, realm]) => realmLines(name, realm, paint)),
    ...block("Held", heldLines(view.held), paint),
    ...(view.approval_id === null
      ? []
      : [`  approve with: pve-entra-agent sync --approve ${printable(view.approval_id)}`]),
    ...block(
      "Waiting",
      view.waiting.map((w) => `${printable(w.what)}: for ${printable(w.for)}`),
      paint,
    ),
    ...block(
      "Kept",
      view.kept.map(({ user, why }) => `${printable(user)}: ${printable(why)}`),
      paint,
    ),
    ...block(
      "Given nothing",
      view.skipped.map((s) => `${printable(s.who)}: ${printable(s.why)}`),
      paint,
    ),
    ...block(
      "To look at",
      view.findings.map(
        ({ code, message, next }) => `${code}: ${printable(message)}\n    ${printable(next)}`,
      ),
      paint,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function word(state: HealthReport["state"], paint: Paint): string {
  if (state === "failing") return paint.lost(state);
  return state === "degraded" ? paint.held(state) : paint.gained(state);
}

function leaseLine({ lease, state }: HealthReport): string {
  if (lease.leader) return "this node writes";
  if (state === "starting") return "which node writes is known after the first pass";
  return lease.writer === null
    ? "this node does not write"
    : `node ${printable(lease.writer)} writes`;
}

function realmLines(name: string, realm: HealthReport["realms"][string], paint: Paint): string[] {
  const { secret, sync } = realm;
  const accepted = { true: "accepted", false: "REFUSED", null: "not proved yet" }[
    String(secret.accepted) as "true" | "false" | "null"
  ];
  const key = secret.hint ? ` ${printable(secret.hint)}…` : "";
  return [
    paint.heading(`realm ${printable(name)}`),
    `  secret${key}: ${accepted}, ends ${secret.expires === null ? "unknown" : when(secret.expires)}${secret.rotating ? ", a rotation is under way" : ""}`,
    `  last pass: ${passLine(sync)}`,
    `  ${sync.held} held, ${sync.skipped} skipped, ${sync.kept} kept, ${sync.unmanaged} unmanaged`,
  ];
}

function passLine(sync: HealthReport["realms"][string]["sync"]): string {
  const { last_attempt: last, last_success: good } = sync;
  if (last === null) return "none yet";
  const before = good === last ? "the same" : good === null ? "none" : when(good);
  return `${when(last)}${passWord(sync)}; last good one: ${before}`;
}

/** `2026-11-27 10:28:26 UTC` of health's ISO 8601. */
function when(iso: string): string {
  return instant(Date.parse(iso));
}

function passWord({ ok, code }: HealthReport["realms"][string]["sync"]): string {
  if (ok === null) return "";
  return ok ? " (good)" : ` (failed${code === null ? "" : `, ${printable(code)}`})`;
}

function block(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : [paint.heading(title), ...lines.map((line) => `  ${line}`)];
}
