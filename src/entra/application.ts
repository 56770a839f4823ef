import type { Clock } from "../clock.js";
import { AgentError } from "../errors.js";
import type { ErrorCode } from "../errors.js";
import type { PasswordCredential, SsoAppPort } from "../ports.js";
import { Secret } from "../secret.js";
import { GraphError } from "./graph-error.js";
import type { Graph } from "./graph.js";
import { fieldsOf, optionalTextIn, textIn, timeIn } from "./shapes.js";
import type { Fields } from "./shapes.js";

/** Waits between tries to remove a secret that the app still lists but a replica does not know. */
const REMOVAL_WAITS_MS = [2_000, 5_000, 10_000];
const NOT_KNOWN = /no password credential found/i;
/** Latest date there is: how a credential without an end is shown. */
const NEVER = 8_640_000_000_000_000;

/** One app registration's client secrets through Graph: see `SsoAppPort`. */
export function createSsoApp(graph: Graph, clientId: string, clock: Clock): SsoAppPort {
  const path = `/applications(appId='${encodeURIComponent(clientId)}')`;

  const read: SsoAppPort["read"] = async (signal) => {
    const answer = await graph
      .get(`${path}?$select=id,appId,displayName,passwordCredentials`, signal)
      .catch((thrown: unknown) => {
        throw aboutApp(thrown, clientId, "ENTRA_FORBIDDEN");
      });
    return appOf(fieldsOf(answer, `app ${clientId}`), clientId);
  };

  const write = (action: string, body: object, signal: AbortSignal): Promise<unknown> =>
    graph.write(`${path}/${action}`, body, signal).catch((thrown: unknown) => {
      throw aboutApp(thrown, clientId, "ENTRA_NOT_OWNER");
    });

  return {
    read,
    async addPassword({ displayName, start, end }, signal) {
      const passwordCredential = {
        displayName,
        startDateTime: new Date(start).toISOString(),
        endDateTime: new Date(end).toISOString(),
      };
      const answer = await write("addPassword", { passwordCredential }, signal);
      const fields = fieldsOf(answer, "a new secret");
      const secret = new Secret(textIn(fields, "secretText", "a new secret"));
      const made = credentialOf(fields);
      return { ...made, hint: made.hint ?? secret.hint, secret };
    },
    async removePassword(keyId, signal) {
      for (const wait of [...REMOVAL_WAITS_MS, undefined]) {
        try {
          await write("removePassword", { keyId }, signal);
          return;
        } catch (thrown) {
          if (!isNotKnown(thrown)) throw thrown;
          // "Already gone" and "not here yet" come in the same words (FACTS-entra): the list tells.
          const { passwords } = await read(signal);
          if (!passwords.some((listed) => listed.keyId === keyId.toLowerCase())) return;
          if (wait === undefined) throw thrown;
          await clock.sleep(wait, signal);
        }
      }
    },
  };
}

function isNotKnown(thrown: unknown): boolean {
  return thrown instanceof GraphError && thrown.status === 400 && NOT_KNOWN.test(thrown.message);
}

/** What a 404 and a 403 mean where an app registration is concerned. */
function aboutApp(thrown: unknown, clientId: string, forbidden: ErrorCode): unknown {
  if (!(thrown instanceof GraphError)) return thrown;
  const code = thrown.status === 404 ? "ENTRA_APP_NOT_FOUND" : forbidden;
  if (thrown.status !== 404 && thrown.status !== 403) return thrown;
  const message = `app ${clientId}: ${thrown.message}`;
  return new GraphError(code, message, thrown.status, thrown.graphCode);
}

function appOf(fields: Fields, clientId: string): Awaited<ReturnType<SsoAppPort["read"]>> {
  const what = `app ${clientId}`;
  const appId = textIn(fields, "appId", what).toLowerCase();
  const { passwordCredentials } = fields;
  if (appId !== clientId.toLowerCase() || !Array.isArray(passwordCredentials)) {
    throw new AgentError("ENTRA_BAD_ANSWER", `${what} was answered without its secrets`);
  }
  return {
    objectId: textIn(fields, "id", what),
    displayName: optionalTextIn(fields, "displayName", what) ?? clientId,
    passwords: passwordCredentials.map((one) => credentialOf(fieldsOf(one, "a secret"))),
  };
}

/** One without start has always been there, one without end stays: neither is one of ours. */
function credentialOf(fields: Fields): PasswordCredential {
  const keyId = textIn(fields, "keyId", "a secret").toLowerCase();
  const what = `secret ${keyId}`;
  return {
    keyId,
    hint: optionalTextIn(fields, "hint", what),
    displayName: optionalTextIn(fields, "displayName", what),
    start: timeIn(fields, "startDateTime", what) ?? 0,
    end: timeIn(fields, "endDateTime", what) ?? NEVER,
  };
}
