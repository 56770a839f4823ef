/**
 * The floor: the requests that a pass sent, sent again by bare undici. Nothing is looked at but the
 * status, and the access token that the following requests carry.
 */
import { Agent } from "undici";
import type { Dispatcher } from "undici";
import type { Recorded } from "./recorder.js";
import type { WorldFacts } from "./world.js";

/** Reads overlap as widely as the program lets them (eight of Graph's); writes come one by one. */
const AT_ONCE = 8;
/** The log cuts bodies here: what is longer could not be sent again as it was. */
const LONGEST_BODY = 16_384;

export interface Floor {
  /** Throws where an answer's status is another than the recorded one. */
  replay(requests: readonly Recorded[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param facts the world that is asked
 * @param from the world in which the requests were recorded
 */
export function createFloor(facts: WorldFacts, from: WorldFacts): Floor {
  const agent = new Agent({ connect: { ca: facts.caPem } });
  const tokens = { graph: "" };
  return {
    async replay(requests) {
      let open: Promise<void>[] = [];
      for (const request of requests) {
        if (standsAlone(request) || open.length === AT_ONCE) {
          await (standsAlone(request) ? Promise.all(open) : Promise.race(open));
        }
        const sent: Promise<void> = send(agent, request, { facts, from }, tokens).then(() => {
          open = open.filter((other) => other !== sent);
        });
        open.push(sent);
        if (standsAlone(request)) await sent;
      }
      await Promise.all(open);
    },
    close: () => agent.destroy(),
  };
}

/** Writes are serial, and nothing of Graph can be asked before there is a token. */
function standsAlone({ system, method, path }: Recorded): boolean {
  return system === "pve" ? method !== "GET" : isTokenRequest(path);
}

function isTokenRequest(path: string): boolean {
  return path.includes("/oauth2/v2.0/token");
}

async function send(
  agent: Dispatcher,
  recorded: Recorded,
  { facts, from }: { facts: WorldFacts; from: WorldFacts },
  tokens: { graph: string },
): Promise<void> {
  const { system, method, path, body = "" } = recorded;
  if (body.length >= LONGEST_BODY) throw new Error(`the body of ${method} ${path} was cut`);
  const response = await agent.request({
    origin: system === "pve" ? facts.pveUrl : facts.entraUrl,
    method: method,
    path,
    headers: headersOf(recorded, facts, tokens.graph),
    body: body === "" ? null : translated(body, facts, from),
  });
  const text = await response.body.text();
  if (response.statusCode !== recorded.status) {
    throw new Error(`${method} ${path} answered ${response.statusCode}, not ${recorded.status}`);
  }
  if (isTokenRequest(path) && body.includes(facts.agentApp.appId)) {
    tokens.graph = (JSON.parse(text) as { access_token: string }).access_token;
  }
}

function headersOf(
  { system, method, path }: Recorded,
  { pveToken }: WorldFacts,
  graphToken: string,
): Record<string, string> {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  if (system === "pve") {
    const authorization = `PVEAPIToken=${pveToken.id}=${pveToken.value}`;
    return { authorization, ...(method === "GET" ? {} : form) };
  }
  if (!path.startsWith("/v1.0/")) return method === "GET" ? {} : form;
  const json = method === "GET" ? {} : { "content-type": "application/json" };
  return { authorization: `Bearer ${graphToken}`, ...json };
}

/** The log has no secrets, so each app's own goes back in; a token's scope names its world's address. */
function translated(body: string, facts: WorldFacts, from: WorldFacts): string {
  const app = body.includes(facts.agentApp.appId) ? facts.agentApp : facts.ssoApp;
  return body
    .replace("client_secret=***", `client_secret=${encodeURIComponent(app.secret)}`)
    .replaceAll(encodeURIComponent(from.entraUrl), encodeURIComponent(facts.entraUrl));
}
