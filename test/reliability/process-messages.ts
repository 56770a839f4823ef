/** What a harness and the program that it runs as a process say to one another. */
export interface RunMessage {
  readonly kind: "run";
  readonly argv: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly nodeName: string;
  readonly machineId: string;
  /** The environment that the program sees. */
  readonly env: Readonly<Record<string, string>>;
}

/** The world's time after a sleep. */
export interface AwakeMessage {
  readonly kind: "awake";
  readonly id: number;
  readonly now: number;
}

/** After a run: leave bytecode behind. Answered by `kept`. */
export interface KeepMessage {
  readonly kind: "keep";
}

export type ToProgram = RunMessage | AwakeMessage | KeepMessage;

export interface SleepMessage {
  readonly kind: "sleep";
  readonly id: number;
  readonly ms: number;
}

export interface EndMessage {
  readonly kind: "end";
  readonly exit: number;
  readonly out: string;
  readonly err: string;
  readonly log: readonly string[];
}

/** `ready`: loaded, and nothing has begun. */
export type FromProgram = { readonly kind: "ready" | "kept" } | SleepMessage | EndMessage;
