/** Sign-ins in their thousands: most of them the part that needs the key, some of them whole. */
import { Agent, request } from "undici";
import { createSignIn } from "../emulators/signin/index.js";
import type { Bed, Node } from "../rotation-bed.js";
import type { Blame } from "./storm-blame.js";

const PEOPLE = 20;
const PVE_URL = "https://pve1.example.com:8006";
/** One in so many goes the whole way, from the browser to the account. */
const WHOLE_EVERY = 25;
/** A refused person tries again, this often at most. */
const TRIES_AGAIN = 8;

export interface Count {
  begun: number;
  whole: number;
  refused: number;
  unmet: number;
  /** Refusals after which trying again never helped. */
  stuck: number;
  /** What the refusals that are ours said. */
  readonly ours: string[];
}

export interface SignIns {
  readonly count: Count;
  /** One person signs in; time stands still meanwhile. */
  one(): Promise<void>;
}

export function startSignIns(
  bed: Bed,
  node: Node,
  blame: Blame,
  teardown: (end: () => unknown) => void,
): SignIns {
  bed.world.settled(() => {
    bed.world.editApp(bed.sso.id, { redirectUris: [`${node.pve.url}/`, node.pve.url] });
    for (let n = 0; n < PEOPLE; n += 1) bed.world.addUser({ upn: `p${n}@example.com` });
  });
  const session = createSignIn({ pve: node.pve, entra: bed.entra });
  const agent = new Agent({ connect: { ca: bed.entra.caPem } });
  teardown(() => Promise.all([session.close(), agent.close()]));
  const count: Count = { begun: 0, whole: 0, refused: 0, unmet: 0, stuck: 0, ours: [] };

  const whole = async (): Promise<string | undefined> => {
    count.whole += 1;
    const result = await session.signIn(`p${count.begun % PEOPLE}@example.com`);
    return result.in ? undefined : result.because;
  };
  const attempt = (): Promise<string | undefined> =>
    count.begun % WHOLE_EVERY === 0 ? whole() : withKey(bed, node.key(), agent);

  return {
    count,
    async one() {
      count.begun += 1;
      const because = await attempt();
      if (because === undefined) return;
      count.refused += 1;
      if (blame.causeOf(because) === "unmet replica") count.unmet += 1;
      else
        count.ours.push(`at ${new Date(bed.clock.now()).toISOString()}: ${because.slice(0, 120)}`);
      for (let tries = 0; tries < TRIES_AGAIN; tries += 1) {
        if ((await withKey(bed, node.key(), agent)) === undefined) return;
      }
      count.stuck += 1;
    },
  };
}

/**
 * The half of a login in which the key counts: PVE shows it to the token endpoint (Basic) together
 * with a code. The code is made up, so whoever is let in by the key hears that the code is no good.
 */
async function withKey(bed: Bed, key: string, dispatcher: Agent): Promise<string | undefined> {
  const { entra, sso } = bed;
  const credentials = `${encodeURIComponent(sso.appId)}:${encodeURIComponent(key)}`;
  const { statusCode, body } = await request(
    `${entra.loginUrl}/${entra.tenantId}/oauth2/v2.0/token`,
    {
      method: "POST",
      dispatcher,
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code: "made-up",
        redirect_uri: PVE_URL,
        code_verifier: "made-up",
      }).toString(),
    },
  );
  const said = await body.text();
  return statusCode === 400 && said.startsWith('{"error":"invalid_grant"') ? undefined : said;
}
