import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@azure/msal-node";
import { AgentError, asAgentError } from "../errors.js";
import type { Answer, Network } from "./network.js";

/** The last thing that happened on the wire while MSAL was at work. */
export interface Witness {
  readonly module: INetworkModule;
  /** Why no usable answer came, as a coded error with its cause. */
  failure(): AgentError | undefined;
  /** The last answer, whatever its status, with its JSON. */
  answer(): Witnessed | undefined;
}

export interface Witnessed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * MSAL's way to the network: ours. MSAL has no timeout, ignores proxies, and turns whatever goes
 * wrong below it into a bare `network_error` or `endpoints_resolution_error` (FACTS-entra), so what
 * really happened is kept here for the caller.
 */
export function createWitness(network: Network, signal: AbortSignal): Witness {
  let failure: AgentError | undefined;
  let answer: Witnessed | undefined;

  const send = async <T>(
    method: "GET" | "POST",
    url: string,
    options: NetworkRequestOptions = {},
  ): Promise<NetworkResponse<T>> => {
    try {
      const { headers = {}, body } = options;
      const outgoing = { method, url: new URL(url), headers, ...(body && { body }) };
      answer = withJson(await network.exchange(outgoing, signal), outgoing.url);
      failure = undefined;
      // The shape is MSAL's to judge; it gets the JSON as it came.
      return { ...answer, body: answer.body as T, headers: { ...answer.headers } };
    } catch (thrown) {
      failure = asAgentError(thrown);
      throw thrown;
    }
  };
  return {
    module: {
      sendGetRequestAsync: (url, options) => send("GET", url, options),
      sendPostRequestAsync: (url, options) => send("POST", url, options),
    },
    failure: () => failure,
    answer: () => answer,
  };
}

/** A gateway's HTML is an outage where its status says so, and a bad answer elsewhere. */
function withJson(answer: Answer, url: URL): Witnessed {
  const { status, headers, text } = answer;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) return { status, headers, body };
  } catch {
    // No cause: a syntax error quotes the text, and a token may be in it.
  }
  const code = status === 429 || status >= 500 ? "ENTRA_UNREACHABLE" : "ENTRA_BAD_ANSWER";
  const message = `${url.host}${url.pathname} answered ${status} with something that is no JSON`;
  throw new AgentError(code, message);
}
