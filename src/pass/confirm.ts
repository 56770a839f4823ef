/** Whether Entra still says what an approved change rests on. */
import type { OwnSide } from "../decide/facts.js";
import type { Change } from "../decide/plan.js";

/** `own`: the answer to the change's `confirm`. A change without one rests on nothing in Entra. */
export function stillTrue(change: Change, own: OwnSide | undefined): boolean {
  if (own === undefined || own.kind === "unknown") return false;
  switch (change.kind) {
    case "leave":
    case "disable-user":
    case "delete-user":
      return change.kind === "delete-user" && change.because === "reused"
        ? own.kind === "person"
        : losesStill(change, own);
    case "join":
    case "enable-user":
    case "create-user":
    case "update-user":
      return own.kind === "person" && own.person.accountEnabled;
    case "create-group":
    case "update-group":
    case "adopt-group":
    case "delete-group":
    case "grant":
    case "revoke":
      return true;
  }
}

function losesStill(
  change: Change,
  own: OwnSide & { kind: "person" | "deleted" | "absent" },
): boolean {
  if (own.kind !== "person") return true;
  if (!own.person.accountEnabled) return true;
  // Their own side can only say that they still are; the name was judged with the plan.
  if (change.counted === "renamed") return true;
  // Somebody disabled or deleted when it was held, and enabled again since.
  if (change.counted === "disabled") return false;
  // Silence about a group that could not be asked for says nothing.
  const { asked, memberOf } = own;
  return (change.confirm?.groups ?? []).every((group) => asked.has(group) && !memberOf.has(group));
}
