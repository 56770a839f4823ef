import t from "tap";
import { CLOUDS } from "../src/config/clouds.js";
import type { CloudName } from "../src/config/types.js";
import type { ObjectId } from "../src/decide/facts.js";
import { createSsoApp } from "../src/entra/application.js";
import { createGraph } from "../src/entra/graph.js";
import type { Answer, Outgoing } from "../src/entra/network.js";
import { createProbe } from "../src/entra/probe.js";
import { createDirectory } from "../src/entra/directory.js";
import { Secret } from "../src/secret.js";
import { keptLog, never, sleepyClock } from "./entra-bed.js";
import { guid } from "./entra-stub.js";

const TENANT = guid(1);
const APP = guid(2);

const EXPECTED: Readonly<Record<CloudName, { readonly login: string; readonly graph: string }>> = {
  public: { login: "login.microsoftonline.com", graph: "graph.microsoft.com" },
  usgov: { login: "login.microsoftonline.us", graph: "graph.microsoft.us" },
  "usgov-dod": { login: "login.microsoftonline.us", graph: "dod-graph.microsoft.us" },
  china: {
    login: "login.partner.microsoftonline.cn",
    graph: "microsoftgraph.chinacloudapi.cn",
  },
};

/** A network that goes nowhere and remembers where to. */
function nowhere() {
  const sent: Outgoing[] = [];
  return {
    sent,
    exchange: async (outgoing: Outgoing): Promise<Answer> => {
      sent.push(outgoing);
      return { status: 404, headers: {}, text: "{}" };
    },
    serverTime: () => undefined,
    close: async () => undefined,
  };
}

for (const [cloud, { login, graph }] of Object.entries(EXPECTED)) {
  t.test(`${cloud}: every URL is built for ${login} and ${graph}`, async (t) => {
    const addresses = CLOUDS[cloud as CloudName];
    const network = nowhere();
    const clock = sleepyClock();
    const tokens = {
      token: async () => "t",
      renew: async () => "t",
      roles: async () => new Set<string>(),
    };
    const parts = { clock, random: () => 0, log: keptLog() };
    const client = createGraph({ origin: addresses.graph, network, tokens, ...parts });
    const directory = createDirectory({ graph: client, tokens, ...parts }, () => undefined);
    const app = createSsoApp(client, APP, clock);
    const authority = { origin: addresses.authority, tenantId: TENANT, graph: addresses.graph };

    await createProbe(network, authority).prove(APP, new Secret("made-up"), never);
    await t.rejects(app.read(never), { code: "ENTRA_APP_NOT_FOUND" });
    await t.rejects(app.removePassword(guid(3), never), { code: "ENTRA_APP_NOT_FOUND" });
    await t.rejects(directory.readGroups([guid(4) as ObjectId], never));

    const urls = network.sent.map(({ method, url }) => `${method} ${url.origin}${url.pathname}`);
    t.same(urls, [
      `POST https://${login}/${TENANT}/oauth2/v2.0/token`,
      `GET https://${graph}/v1.0/applications(appId='${APP}')`,
      `POST https://${graph}/v1.0/applications(appId='${APP}')/removePassword`,
      `POST https://${graph}/v1.0/$batch`,
    ]);
    const form = new URLSearchParams(network.sent[0]?.body);
    t.equal(form.get("scope"), `https://${graph}/.default`);
    t.equal(form.get("grant_type"), "client_credentials");
    t.equal(form.get("client_id"), APP);
  });
}
