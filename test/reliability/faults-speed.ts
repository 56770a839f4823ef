/**
 * What makes thousands of agents in one process affordable. Each reads the system's 150 certificate
 * authorities, twice, which takes longer than a pass; and the journal waits for a disk each time
 * it writes, which proves nothing here. Imported for its effect, before any site is made.
 */
import { accessSync, constants } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import tls from "node:tls";
import type { SecureContext, SecureContextOptions } from "node:tls";

const made = new Map<string, SecureContext>();
const { createSecureContext } = tls;

tls.createSecureContext = (options: SecureContextOptions = {}) => {
  // Servers have keys, and show another certificate when told to.
  if (options.key !== undefined) return createSecureContext(options);
  const key = JSON.stringify(options);
  const known = made.get(key) ?? createSecureContext(options);
  made.set(key, known);
  return known;
};
syncBuiltinESMExports();

const MEMORY = "/dev/shm";
try {
  accessSync(MEMORY, constants.W_OK);
  process.env["TMPDIR"] = MEMORY;
} catch {
  // The usual folder is as good, and slower.
}
