/** An emulated tenant without a server: requests are answered where they are asked. */
import { createGraph as createEmulatedGraph } from "../emulators/entra/graph/index.js";
import { Directory } from "../emulators/entra/directory.js";
import type { Lag } from "../emulators/entra/directory.js";
import { createLogin } from "../emulators/entra/login/index.js";
import { createSigningKey } from "../emulators/entra/login/signing-key.js";
import { seededRandom } from "../emulators/entra/random.js";
import type { Answer, Incoming, Service } from "../emulators/entra/service.js";
import { createSettings } from "../emulators/entra/settings.js";
import { createWorld } from "../emulators/entra/world/index.js";
import type { EntraWorld } from "../emulators/entra/world/index.js";
import type { EmulatorClock } from "../emulators/common/clock.js";

export const ORIGIN = "https://entra.example";
export const TENANT = "5e1f5e1f-0000-4000-8000-00000000e17a";
export const ISSUER = `${ORIGIN}/${TENANT}/v2.0`;
const REPLICAS = 5;
/** Longer than any run: renewing a token is not what these tests are about. */
const TOKEN_SECONDS = 10 * 365 * 86_400;

export interface Tenant {
  readonly world: EntraWorld;
  readonly directory: Directory;
  /** By Graph or by the login endpoint, whichever the path names. */
  answer(request: Incoming): Promise<Answer>;
}

let signingKey: ReturnType<typeof createSigningKey> | undefined;

export async function createTenant(
  clock: EmulatorClock,
  seed: number,
  lag: Lag = { min: 0, max: 0 },
): Promise<Tenant> {
  const random = seededRandom(seed);
  const directory = new Directory({ clock, random, replicas: REPLICAS, lag });
  const settings = createSettings();
  const domain = "contoso.example";
  // One key for all tenants of a run: making it is the dearest part of one.
  signingKey ??= createSigningKey("EMULATED-SIGNING-KEY");
  const service: Service = {
    ...{ tenantId: TENANT, domain, clock, random, directory, settings, key: await signingKey },
    ...{ loginUrl: ORIGIN, graphUrl: ORIGIN, tokenLifetime: TOKEN_SECONDS },
    assertionNow: () => clock.now(),
    world: createWorld({ tenantId: TENANT, domain, clock, random, directory, settings }),
  };
  const graph = createEmulatedGraph(service, {
    budget: undefined,
    witness: () => undefined,
    partFault: (_part, honest) => honest(),
    wrote: () => undefined,
  });
  const login = createLogin(service);
  return {
    world: service.world,
    directory,
    answer: (request) => (request.path.startsWith("/v1.0/") ? graph(request) : login(request)),
  };
}
