/** Standard output and standard error, when nobody takes what is written to them. */
import type { Writable } from "node:stream";

/** Whoever read has gone: a pipe to `head`, a terminal whose connection broke. */
const GONE: ReadonlySet<unknown> = new Set(["EPIPE", "EIO"]);

/**
 * Left to itself Node ends with a stack trace when a stream cannot be written, in the middle of
 * whatever is under way: a sync, a rotation, a daemon whose log has nowhere to go. Here the work goes
 * on to its end. What is not taken for any other reason than that its reader has gone, a full disk
 * above all, is told to `lost`, once, with the code of the system's error.
 */
export function outlive(stream: Writable, lost: (code: string) => void = () => undefined): void {
  let failed = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    const first = !failed;
    failed = true;
    if (first && !GONE.has(error.code)) lost(error.code ?? error.message);
  });
}
