import { readCertificate, readClientSecret } from "../config/secrets.js";
import type { EntraConfig } from "../config/types.js";
import { AgentError } from "../errors.js";
import type { SsoAppPort } from "../ports.js";

/**
 * When the agent's own credential ends, in milliseconds since 1970; undefined where nobody knows.
 * A certificate says so itself. Of a client secret only the agent's own app registration knows, and
 * only if the agent may read it; where several secrets begin alike it is not known either.
 * Throws CREDENTIAL_INVALID or CONFIG_UNSAFE for a bad file, and what reading the app throws unless
 * it is a refusal.
 */
export async function credentialEnd(
  { credential }: EntraConfig,
  ownApp: Pick<SsoAppPort, "read">,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (credential.kind === "managed-identity") return undefined;
  if (credential.kind === "certificate") return readCertificate(credential.file).notAfter.getTime();
  const { hint } = readClientSecret(credential.file);
  const { passwords } = await ownApp.read(signal).catch(nothingWhereRefused);
  const [ours, ...others] = passwords.filter((password) => password.hint === hint);
  return others.length === 0 ? ours?.end : undefined;
}

function nothingWhereRefused(thrown: unknown): { passwords: [] } {
  const refused = ["ENTRA_FORBIDDEN", "ENTRA_APP_NOT_FOUND"];
  if (thrown instanceof AgentError && refused.includes(thrown.code)) return { passwords: [] };
  throw thrown;
}
