/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
}

/**
 * Somebody who is told of every request while the emulator handles it, and who may let it go
 * without an answer: whoever kills the program in the middle of something does it from here.
 */
export interface Interrupter {
  /** On arrival, before any effect. True: it has none, and is never answered. */
  arrived?(request: Arrived): boolean;
  /** It took its effect, if it has one, and no fault was ordered for it. True: it is never answered. */
  done?(request: Arrived): boolean;
}

/** Those who listen at one emulator. */
export interface Interrupters {
  /** Listens until what this returns is called. */
  add(interrupter: Interrupter): () => void;
  /** Whether somebody wants the request to go unanswered; everybody is told. */
  arrived(request: Arrived): boolean;
  done(request: Arrived): boolean;
}

export function createInterrupters(): Interrupters {
  const all = new Set<Interrupter>();
  const ask = (when: "arrived" | "done", request: Arrived): boolean =>
    [...all].filter((one) => one[when]?.(request) === true).length > 0;
  return {
    add(interrupter) {
      all.add(interrupter);
      return () => void all.delete(interrupter);
    },
    arrived: (request) => ask("arrived", request),
    done: (request) => ask("done", request),
  };
}
