/** What has to be undone, however this process ends: by itself, by a failure, or by a signal. */

type Undo = () => void;

const undone = new Set<Undo>();

/**
 * Runs `undo` when the process ends, the last one first, unless the returned function ran it
 * before. It must not wait for anything asynchronous; a throw is told and does not stop the others.
 */
export function atEnd(undo: Undo): () => void {
  undone.add(undo);
  return () => {
    if (undone.delete(undo)) undo();
  };
}

process.once("exit", () => {
  for (const undo of [...undone].reverse()) {
    try {
      undo();
    } catch (thrown) {
      process.stderr.write(`left behind: ${String(thrown)}\n`);
    }
  }
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(1));
}

/** Waits without letting anything else run, for the way out has no event loop any more. */
export function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
