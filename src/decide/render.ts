/** A plan for a person: it reads like a good diff, losses first, each line with its reason. */
import type { Action, Change, Hold, Plan, Waiting } from "./plan.js";
import { rightsLines } from "./render-rights.js";
import type { RotationDecision } from "./rotation-facts.js";
import { counted, instant, printable } from "./text.js";

/** How a terminal shows it; `plainPaint` for a pipe. */
export interface Paint {
  readonly lost: (text: string) => string;
  readonly gained: (text: string) => string;
  readonly held: (text: string) => string;
  readonly heading: (text: string) => string;
  readonly quiet: (text: string) => string;
}

const same = (text: string): string => text;
export const plainPaint: Paint = {
  lost: same,
  gained: same,
  held: same,
  heading: same,
  quiet: same,
};

const ansi =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;
export const ansiPaint: Paint = {
  lost: ansi(31),
  gained: ansi(32),
  held: ansi(33),
  heading: ansi(1),
  quiet: ansi(2),
};

/** The whole plan as text, ending in a newline. */
export function renderPlan(plan: Plan, secrets: readonly RotationDecision[], paint: Paint): string {
  const losing = plan.actions.filter(takesAway);
  const giving = plan.actions.filter((action) => !takesAway(action));
  const sections = [
    section("Rights lost", rightsLines(plan.rights, "lost", paint.lost), paint),
    section(
      "Taken away",
      losing.flatMap((action) => actionLines(action, paint.lost, "-")),
      paint,
    ),
    section("Rights gained", rightsLines(plan.rights, "gained", paint.gained), paint),
    section(
      "Given",
      giving.flatMap((action) => actionLines(action, paint.gained, "+")),
      paint,
    ),
    section(
      "Secrets",
      secrets.flatMap((decision) => secretLines(decision, paint)),
      paint,
    ),
    section(
      "Held until somebody approves",
      plan.holds.map((hold) => held(hold, paint)),
      paint,
    ),
    section(
      "Waiting",
      plan.waiting.map((waiting) => waits(waiting, paint)),
      paint,
    ),
    section(
      "The guard's arithmetic",
      plan.guard.map((count) => guardLine(count)),
      paint,
    ),
    section(
      "Kept",
      plan.kept.map(({ userid, why }) => `  ${printable(userid)}: ${printable(why)}`),
      paint,
    ),
    section(
      "Given nothing",
      plan.skipped.map((s) => `  ${printable(s.who)}: ${printable(s.why)}`),
      paint,
    ),
    section(
      "Not ours, stays",
      plan.untouched.map((line) => `  ${printable(line)}`),
      paint,
    ),
    section(
      "API tokens that work again",
      plan.wakingTokens.map((t) => `  ${printable(t)}`),
      paint,
    ),
    section("To look at", findingLines(plan, secrets, paint), paint),
  ].filter((text) => text !== "");
  const nothing = plan.actions.length === 0 && plan.holds.length === 0 && !rotates(secrets);
  const head = nothing ? "Nothing to do.\n" : `${summary(plan, secrets)}\n`;
  const approval =
    plan.approvalId === undefined
      ? ""
      : `\n${paint.held(`Approval ID: ${plan.approvalId}`)}\n` +
        `  To let the held changes through: pve-entra-agent sync --approve ${plan.approvalId}\n`;
  return [head, ...sections].join("\n") + approval;
}

/** `2 writes (1 takes away), 1 held, 1 secret` */
function summary(plan: Plan, secrets: readonly RotationDecision[]): string {
  const losing = plan.actions.filter(takesAway).length;
  const parts = [
    `${counted(plan.actions.length, "write", "writes")}${losing === 0 ? "" : ` (${counted(losing, "takes away", "take away")})`}`,
    ...(plan.holds.length > 0 ? [`${counted(plan.holds.length, "change", "changes")} held`] : []),
    ...(plan.waiting.length > 0 ? [`${plan.waiting.length} waiting`] : []),
    ...(rotates(secrets) ? ["a new secret"] : []),
  ];
  return `${parts.join(", ")}.`;
}

/** Whether anything is to be done to secrets: what `plan` exits 2 for. */
export function rotates(secrets: readonly RotationDecision[]): boolean {
  return secrets.some(({ rotate, remove }) => rotate !== undefined || remove.length > 0);
}

export function takesAway(action: Action): boolean {
  return action.changes.some(({ kind }) =>
    ["leave", "disable-user", "delete-user", "revoke", "delete-group"].includes(kind),
  );
}

function section(title: string, lines: readonly string[], paint: Paint): string {
  return lines.length === 0 ? "" : `${paint.heading(title)}\n${lines.join("\n")}\n`;
}

function who(userid: string, name: string | undefined): string {
  return name === undefined ? printable(userid) : `${printable(userid)} (${printable(name)})`;
}

function actionLines(action: Action, color: (text: string) => string, sign: string): string[] {
  return action.changes.map((change) => {
    const mark = action.moment === true ? " (for the moment only)" : "";
    return `${color(`  ${sign} ${describe(change)}`)}${mark}\n      because ${reason(change)}`;
  });
}

/** The change without its reason: `leave pve-admins: anna@…`. */
export function describe(change: Change): string {
  switch (change.kind) {
    case "join":
    case "leave":
      return `${change.kind} ${printable(change.group)}: ${who(change.userid, change.personName)}`;
    case "create-user":
    case "update-user":
    case "disable-user":
    case "enable-user":
      return `${words(change.kind)} ${who(change.userid, change.personName)}${fields(change.fields)}`;
    case "delete-user":
      return `delete user ${who(change.userid, change.personName)}`;
    case "create-group":
    case "update-group":
    case "adopt-group":
    case "delete-group":
      return `${words(change.kind)} ${printable(change.group)}`;
    case "grant":
    case "revoke": {
      const below = change.propagate ? "" : ", this path only";
      return `${change.kind} ${printable(change.role)} at ${printable(change.path)} for ${printable(change.group)}${below}`;
    }
  }
}

function words(kind: string): string {
  return kind.replaceAll("-", " ");
}

function fields(values: object): string {
  const names = Object.keys(values).filter((name) => name !== "enable");
  return names.length === 0 ? "" : ` [${names.join(", ")}]`;
}

function reason(change: Change): string {
  const person = change.person === undefined ? "" : ` [person ${change.person}]`;
  return printable(`${change.reason}${person}`);
}

function held({ change, because }: Hold, paint: Paint): string {
  const line = paint.held(`  ! ${describe(change)}`);
  return `${line}\n      because ${reason(change)}\n      held: ${printable(because)}`;
}

function waits({ action, waitsFor }: Waiting, paint: Paint): string {
  const what = action.changes.map(describe).join("; ");
  return `${paint.quiet(`  . ${what}`)}\n      waits for ${printable(waitsFor)}`;
}

function guardLine(count: Plan["guard"][number]): string {
  const where = count.group === undefined ? `realm ${count.realm}` : `group ${count.group}`;
  const numbers = `${count.now} ${count.cause} now, ${count.before} in the last 24 h`;
  return printable(`  ${where}: ${numbers}; ${count.limit}${count.held ? " -> held" : ""}`);
}

function secretLines(decision: RotationDecision, paint: Paint): string[] {
  const lines = decision.realms.map(({ realm, hint, ends, renewAt, proof }) => {
    const known = [
      hint === undefined
        ? "no key known"
        : hint === ""
          ? "no client-key"
          : `key ${printable(hint)}…`,
      ...(proof === undefined ? [] : [proof.kind]),
      ...(ends === undefined ? [] : [`ends ${instant(ends)}`]),
      ...(renewAt === undefined ? [] : [`due ${instant(renewAt)}`]),
    ];
    return `  realm ${printable(realm)}: ${known.join(", ")}`;
  });
  const { rotate } = decision;
  if (rotate !== undefined) {
    lines.push(
      `${paint.gained(`  + new secret for ${rotate.realms.map(printable).join(", ")}`)}\n      because ${printable(rotate.reason)}`,
    );
  }
  for (const { keyId, reason: why } of decision.remove) {
    lines.push(
      `${paint.lost(`  - remove secret ${printable(keyId)}`)}\n      because ${printable(why)}`,
    );
  }
  return lines;
}

function findingLines(plan: Plan, secrets: readonly RotationDecision[], paint: Paint): string[] {
  const all = [...plan.findings, ...secrets.flatMap(({ findings }) => findings)];
  return all.map(({ code, message }) => `  ${paint.held(code)} ${printable(message)}`);
}
