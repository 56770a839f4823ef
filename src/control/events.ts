/** What a command orders of the running daemon, and what it hears back. */
import type { ErrorCode, Finding } from "../errors.js";
import type { Exit } from "../exit.js";

/** A pass now; with `approve`, held changes are let through first. */
export interface SyncOrder {
  /** The approval ID that `plan` prints. */
  readonly approve?: string;
  /** Who gives the order, for the journal. */
  readonly by?: string;
}

/** A rotation now, whatever the expiry. */
export interface RotateOrder {
  /** Absent: every realm with `rotate = true`. */
  readonly realm?: string;
}

export type Order =
  ({ readonly kind: "sync" } & SyncOrder) | ({ readonly kind: "rotate" } & RotateOrder);

export type ExitCode = Exit;

/** What happens on the way. */
export type Happening =
  | {
      readonly type: "progress";
      readonly text: string;
      readonly done?: number;
      readonly total?: number;
    }
  | { readonly type: "finding"; readonly finding: Finding }
  /** The plan as `plan --json` prints it. */
  | { readonly type: "plan"; readonly plan: unknown };

/** The last event, always there: how the order ended. */
export interface Done {
  readonly type: "done";
  readonly exit: ExitCode;
  readonly code?: ErrorCode;
  readonly message?: string;
}

export type ControlEvent = Happening | Done;

export type Emit = (event: Happening) => void;

/** What the daemon does with orders. Each resolves with the exit code of the command. */
export interface ControlHandlers {
  sync(order: SyncOrder, emit: Emit): Promise<ExitCode>;
  rotate(order: RotateOrder, emit: Emit): Promise<ExitCode>;
  /** What `status --json` prints. */
  status(): unknown;
}
