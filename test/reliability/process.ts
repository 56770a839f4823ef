/** Runs the real program as a process, in the time of the world that the emulators live in. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Clock } from "../../src/clock.js";
import { NODE } from "../support/machine.js";
import type { Bundle } from "./process-bundle.js";
import type { EndMessage, FromProgram, ToProgram } from "./process-messages.js";

/** Which machine the program finds itself on. */
export interface Node {
  readonly nodeName: string;
  readonly machineId: string;
}

/** How a run ended. */
export type Ended =
  ({ readonly killed: false } & Omit<EndMessage, "kind">) | { readonly killed: true };

export interface Surroundings {
  readonly clock: Clock;
  /** All that the process has of an environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** A process with the program loaded. It runs one command line after the other. */
export class Program {
  readonly #child: ChildProcess;
  readonly #world: Surroundings;
  readonly #ready: Promise<unknown>;
  readonly #gone: Promise<unknown>;
  #killed = false;

  constructor(bundle: Bundle, world: Surroundings) {
    this.#world = world;
    this.#child = fork(bundle.start, [...bundle.argv], {
      execArgv: [],
      env: { ...world.env },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#gone = once(this.#child, "exit");
    this.#ready = once(this.#child, "message");
    this.#child.on("message", (message: FromProgram) => this.#answer(message));
  }

  /** Runs a command line until it ends by itself or is killed. Throws where the process breaks. */
  async run(argv: readonly string[], node: Node = NODE): Promise<Ended> {
    await Promise.race([this.#ready, this.#gone]);
    const { nodeName, machineId } = node;
    const { clock, env } = this.#world;
    const end = new Promise<EndMessage>((resolve) => {
      const listener = (message: FromProgram): void => {
        if (message.kind !== "end") return;
        this.#child.off("message", listener);
        resolve(message);
      };
      this.#child.on("message", listener);
    });
    this.#tell({ kind: "run", argv, now: clock.now(), nodeName, machineId, env });
    const ended = await Promise.race([end, this.#gone]);
    if ("kind" in (ended as object)) return { killed: false, ...(ended as EndMessage) };
    if (!this.#killed) throw new Error(`the program broke: ${String(ended)}`);
    return { killed: true };
  }

  /** SIGKILL, sent before this returns: the process does nothing more. */
  kill(): void {
    this.#killed = true;
    this.#child.kill("SIGKILL");
  }

  /** Ends the process where it still lives; resolves once it is gone. */
  async stop(): Promise<void> {
    this.kill();
    await this.#gone;
  }

  /** Leaves bytecode behind that later processes start with. */
  async keepBytecode(): Promise<void> {
    const kept = once(this.#child, "message");
    this.#tell({ kind: "keep" });
    await kept;
  }

  #answer(message: FromProgram): void {
    if (message.kind !== "sleep") return;
    const { clock } = this.#world;
    void clock
      .sleep(message.ms)
      .then(() => this.#tell({ kind: "awake", id: message.id, now: clock.now() }));
  }

  #tell(message: ToProgram): void {
    // Whoever was killed meanwhile hears nothing any more.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}
