/** Which findings and changes are events that people search the log for. Pure. */
import type { Change } from "../decide/plan.js";
import type { ErrorCode } from "../errors.js";
import type { EventName } from "../systemd/message-ids.js";

const OF_CODE: Partial<Record<ErrorCode, EventName>> = {
  SECRET_REFUSED: "SECRET_REFUSED",
  ROTATION_PROOF_FAILED: "ROTATION_FAILED",
  ROTATION_ROLLED_BACK: "ROTATION_FAILED",
  ROTATION_POLICY_FORBIDS: "ROTATION_FAILED",
  ROTATION_STOPPED: "ROTATION_FAILED",
  ROTATION_TOO_OFTEN: "ROTATION_FAILED",
  GUARD_HELD: "CHANGES_HELD",
  CREDENTIAL_ENDS_SOON: "CREDENTIAL_ENDS",
  CONFIG_RELOAD_FAILED: "RELOAD_FAILED",
  CLUSTER_STANDBY: "STANDBY",
};

/** The event of a finding when it appears, or nothing. */
export function eventOfCode(code: ErrorCode): { readonly event?: EventName } {
  const event = OF_CODE[code];
  return event === undefined ? {} : { event };
}

const OF_KIND: Partial<Record<Change["kind"], EventName>> = {
  join: "RIGHTS_GIVEN",
  grant: "RIGHTS_GIVEN",
  leave: "RIGHTS_TAKEN",
  revoke: "RIGHTS_TAKEN",
  "disable-user": "ACCOUNT_DISABLED",
  "enable-user": "ACCOUNT_ENABLED",
  "delete-user": "ACCOUNT_DELETED",
};

/** The event of a change that was made, or nothing. */
export function eventOfChange({ kind }: Pick<Change, "kind">): { readonly event?: EventName } {
  const event = OF_KIND[kind];
  return event === undefined ? {} : { event };
}
