import type { ProofAnswer, SecretProbePort } from "../ports.js";
import type { Network } from "./network.js";
import { requestToken } from "./token-request.js";
import type { Authority, TokenAnswer } from "./token-request.js";

/** Wrong, or expired. "Not propagated yet" has no code of its own: it is the first (FACTS-entra). */
const ABOUT_THE_SECRET: ReadonlySet<number> = new Set([7000215, 7000222]);

/** Disabled, or not in this tenant (FACTS-entra): nobody signs in through it, whatever its secret. */
const ABOUT_THE_APP: ReadonlySet<number> = new Set([7000112, 700016]);

/**
 * Asks Entra's token endpoint about one client secret. Only wrong and expired speak about the
 * secret itself; an app that is disabled, Conditional Access, a 5xx or no answer do not.
 *
 * Each question opens a connection, as each login at PVE does: one that is kept open leads to the
 * same front end every time, and a hundred answers would be one replica's.
 */
export function createProbe(network: Network, authority: Authority): SecretProbePort {
  const fresh: Network = {
    ...network,
    exchange: (outgoing, signal) => network.exchange({ ...outgoing, ownConnection: true }, signal),
  };
  return {
    async prove(clientId, secret, signal) {
      const proof = { kind: "secret", secret } as const;
      return judge(await requestToken(fresh, authority, clientId, proof, signal));
    },
  };
}

function judge(answer: TokenAnswer): ProofAnswer {
  if (answer.kind === "token") return { kind: "accepted" };
  if (answer.kind === "failed") {
    return { kind: "unclear", message: `${answer.error.code}: ${answer.error.message}` };
  }
  const { status, message, codes } = answer;
  const unclear = { kind: "unclear", message: `${status}: ${message}` } as const;
  if (status < 400 || status > 499 || status === 429) return unclear;
  const aadsts = codes.find((code) => ABOUT_THE_SECRET.has(code));
  if (aadsts !== undefined) return { kind: "refused", aadsts, message };
  return codes.some((code) => ABOUT_THE_APP.has(code)) ? { ...unclear, appRefused: true } : unclear;
}
