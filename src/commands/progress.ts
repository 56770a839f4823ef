/** Long, silent work shows that it is under way: on a terminal, on standard error. */
import type { Io } from "./io.js";

const SPINNER = ["|", "/", "-", "\\"];
const EVERY_MS = 250;

export async function withProgress<T>(io: Io, what: string, work: () => Promise<T>): Promise<T> {
  if (!io.terminal) return work();
  let turn = 0;
  const timer = setInterval(() => {
    io.err(`\r${SPINNER[turn % SPINNER.length]} ${what} `);
    turn += 1;
  }, EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    io.err("\r\u001b[K");
  }
}
