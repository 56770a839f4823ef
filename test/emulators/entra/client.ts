import { Agent, request } from "undici";
import type { EntraEmulator } from "./index.js";

/** A bare client for tests of the emulator: no retry, no opinion. */

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The parsed body, or undefined. */
  // Tests read answers of any shape; each asserts what it needs.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string | object;
}

export interface BareClient {
  /** Any path or URL of the emulator, without a token. */
  ask(path: string, ask?: Ask): Promise<Reply>;
  /** Posts a form to the tenant's token endpoint. */
  tokenRequest(form: Record<string, string>, headers?: Record<string, string>): Promise<Reply>;
  /** A Graph token for an app by its secret. Throws where it is refused. */
  signIn(app: { appId: string }, secret: { secretText: string }): Promise<GraphClient>;
  close(): Promise<void>;
}

/** Graph calls with a token; paths are below `/v1.0`, or whole URLs. */
export interface GraphClient {
  token: string;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body: object, headers?: Record<string, string>): Promise<Reply>;
  patch(path: string, body: object): Promise<Reply>;
  delete(path: string): Promise<Reply>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A client that trusts the emulator's authority. Close it. */
export function connect(entra: EntraEmulator): BareClient {
  const dispatcher = new Agent({ connect: { ca: entra.caPem } });
  const ask = async (
    path: string,
    { method = "GET", headers = {}, body }: Ask = {},
  ): Promise<Reply> => {
    const url = path.startsWith("https:") ? path : `${entra.authorityUrl}${path}`;
    const isJson = typeof body === "object";
    const sent = isJson ? { "content-type": "application/json", ...headers } : headers;
    const payload = isJson ? JSON.stringify(body) : body;
    const answer = await request(url, {
      dispatcher,
      method: method as "GET",
      headers: sent,
      ...(payload === undefined ? {} : { body: payload }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, text, json: parse(text) };
  };
  const tokenRequest = (form: Record<string, string>, headers = {}): Promise<Reply> =>
    ask(`/${entra.tenantId}/oauth2/v2.0/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(form).toString(),
    });
  const graph = (token: string): GraphClient => {
    const authorization = `Bearer ${token}`;
    const call = (path: string, given: Ask): Promise<Reply> =>
      ask(path.startsWith("https:") ? path : `/v1.0${path}`, {
        ...given,
        headers: { authorization, ...given.headers },
      });
    return {
      token,
      get: (path, headers = {}) => call(path, { headers }),
      post: (path, body, headers = {}) => call(path, { method: "POST", body, headers }),
      patch: (path, body) => call(path, { method: "PATCH", body }),
      delete: (path) => call(path, { method: "DELETE" }),
    };
  };
  return {
    ask,
    tokenRequest,
    async signIn(app, secret) {
      const reply = await tokenRequest({
        grant_type: "client_credentials",
        client_id: app.appId,
        client_secret: secret.secretText,
        scope: `${entra.graphUrl}/.default`,
      });
      if (reply.status !== 200) throw new Error(`no token: ${reply.text}`);
      return graph((reply.json as { access_token: string }).access_token);
    },
    close: () => dispatcher.close(),
  };
}
