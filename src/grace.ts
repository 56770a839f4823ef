/** A stop does not cut a write in half: one that is under way gets a few seconds more. */
import type { EntraPorts } from "./entra/index.js";
import type { AccessPort, SsoAppPort } from "./ports.js";

/** After this a write under way is given up, and its outcome is unknown. */
const GRACE_MS = 4_000;

/** Reads end with the signal, writes some seconds later. */
export function gracefulPve(pve: AccessPort): AccessPort {
  return {
    ...pve,
    write: (write, groups, signal) => later(signal, (end) => pve.write(write, groups, end)),
    writeRealmKey: (realm, key, digest, signal) =>
      later(signal, (end) => pve.writeRealmKey(realm, key, digest, end)),
  };
}

export function gracefulEntra(entra: EntraPorts): EntraPorts {
  return {
    ...entra,
    ssoApp: (clientId): SsoAppPort => {
      const app = entra.ssoApp(clientId);
      return {
        read: (signal) => app.read(signal),
        addPassword: (request, signal) => later(signal, (end) => app.addPassword(request, end)),
        removePassword: (keyId, signal) => later(signal, (end) => app.removePassword(keyId, end)),
      };
    },
  };
}

/** Gives `work` a signal that aborts `GRACE_MS` after the other; nothing is left behind by it. */
async function later<T>(signal: AbortSignal, work: (end: AbortSignal) => Promise<T>): Promise<T> {
  const delayed = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    timer = setTimeout(() => delayed.abort(signal.reason), GRACE_MS);
  };
  if (signal.aborted) arm();
  else signal.addEventListener("abort", arm, { once: true });
  try {
    return await work(delayed.signal);
  } finally {
    signal.removeEventListener("abort", arm);
    clearTimeout(timer);
  }
}
