/** Lets at most a number of tasks run at once; the others wait for their turn, first come first. */
export interface Turns {
  run<T>(task: () => Promise<T>): Promise<T>;
}

export function createTurns(atOnce: number): Turns {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async run(task) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
}

/**
 * Runs all tasks; the first that throws stops the others through their signal, and only when all
 * have ended is its error thrown, so that nothing is still being asked behind the caller's back.
 */
export async function together<T>(
  tasks: readonly ((signal: AbortSignal) => Promise<T>)[],
  signal: AbortSignal,
): Promise<T[]> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const ends = await Promise.allSettled(
      tasks.map((task) =>
        task(controller.signal).catch((thrown: unknown) => {
          controller.abort(thrown);
          throw thrown;
        }),
      ),
    );
    signal.throwIfAborted();
    if (controller.signal.aborted) throw controller.signal.reason;
    return ends.map((end) => (end as PromiseFulfilledResult<T>).value);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
