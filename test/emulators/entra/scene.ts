import type { Test } from "tap";
import { fixedClock } from "../common/clock.js";
import { type BareClient, connect, type GraphClient } from "./client.js";
import { type AppIds, type EntraEmulator, type EntraOptions, startEntra } from "./index.js";
import type { Role } from "./roles.js";

/** An emulator for one test, with one app signed in to Graph. */
export interface Scene {
  entra: EntraEmulator;
  client: BareClient;
  app: AppIds;
  graph: GraphClient;
  /** Another app with these roles, signed in. */
  as: (...roles: Role[]) => Promise<GraphClient & { app: AppIds }>;
}

export const SCENE_NOW = Date.parse("2026-11-21T10:00:00Z");

/** The permissions that the agent is told to ask for. */
export const AGENT_ROLES: Role[] = [
  "Application.ReadWrite.OwnedBy",
  "GroupMember.Read.All",
  "User.Read.All",
];

/** Starts an emulator whose clock stands still and whose replicas know everything at once. */
export async function entraScene(t: Test, options: EntraOptions = {}): Promise<Scene> {
  const clock = fixedClock(SCENE_NOW);
  const entra = await startEntra({ clock, lag: { min: 0, max: 0 }, ...options });
  const client = connect(entra);
  t.teardown(async () => {
    await client.close();
    await entra.close();
  });
  const { world } = entra;
  const signedIn = async (roles: Role[]): Promise<GraphClient & { app: AppIds }> => {
    const [app, secret] = world.settled(() => {
      const made = world.addApp({ displayName: `app ${roles.join()}`, roles, owners: ["self"] });
      return [made, world.addSecret(made.id)] as const;
    });
    return { ...(await client.signIn(app, secret)), app };
  };
  const { app, ...graph } = await signedIn(AGENT_ROLES);
  return { entra, client, app, graph, as: (...roles) => signedIn(roles) };
}
