/** A pass needs several times the memory that the daemon needs while it waits for the next one. */

/** By then whoever waited for the pass has what it wanted of it. */
const AFTER_MS = 1_000;

/**
 * Has V8 give back what a pass has left, where the unit lets it (`--expose-gc`): left to itself it
 * collects only when something new is allocated. Twice, for code that was not run between two
 * collections is given up, too (`--bytecode-old-age=1`).
 */
export function giveMemoryBack(): void {
  const collect = globalThis.gc;
  if (collect === undefined) return;
  const timer = setTimeout(() => {
    void collect();
    void collect();
  }, AFTER_MS);
  timer.unref();
}
