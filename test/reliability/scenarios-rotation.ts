/** Scenarios about the realm's client secret. */
import { mapping } from "../support/site.js";
import type { ConfigParts, Site, SiteOptions } from "../support/site.js";
import type { Scenario, Step } from "./scenario.js";
import { FOREIGN } from "./scenarios-people.js";

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const sync = (): readonly string[] => ["sync", "--json"];

/** Renewed ten days before its end, so from the 20th day on. */
const LIFETIME_DAYS = 30;
const ROTATION = `[rotation]\nlifetime = "${LIFETIME_DAYS}d"\nrenew_before = "10d"\n`;
const OPTIONS: SiteOptions = { users: FOREIGN, secretDays: LIFETIME_DAYS };

/** One group, one person and one entry beside the secret: they are served whatever becomes of it. */
function build(site: Site): ConfigParts {
  const group = site.group("Developers", [site.addUser("frank")]);
  const acl = 'acl = [{ path = "/storage", role = "PVEDatastoreUser" }]';
  // A secret that somebody else uses elsewhere: never ours to remove.
  site.entra.world.addSecret(site.sso.id, { days: 365, displayName: "another program" });
  return { groups: mapping("dev", group, acl), sections: ROTATION };
}

/** The key nears its end, and somebody comes in: both are the same pass's business. */
function nearItsEnd(name: string, joins: string, more: Partial<Step> = {}): Step {
  return {
    name,
    prepare: ({ site }) => {
      site.clock.advance(21 * DAY_MS);
      site.entra.world.join("Developers", site.addUser(joins));
    },
    command: sync,
    exit: 0,
    ...more,
  };
}

/** Twice, for the secret that a first one replaces is not of this node's making and stays. */
const whole: Scenario = {
  name: "a whole rotation with its clean-up",
  options: OPTIONS,
  build,
  steps: [
    nearItsEnd("the first rotation", "anna", { undisturbed: true }),
    nearItsEnd("the rotation", "bert"),
    {
      name: "the clean-up",
      prepare: ({ site }) => site.clock.advance(25 * HOUR_MS),
      command: sync,
      exit: 0,
    },
  ],
};

/** Seconds until each replica has learned of the new secret: the proof meets refusals until then. */
const REPLICAS = [0, 3, 5, 8, 12];

const slow: Scenario = {
  name: "a rotation with slow replicas",
  options: OPTIONS,
  build,
  steps: [
    { name: "first sync", command: sync, exit: 0, undisturbed: true },
    nearItsEnd("the rotation", "anna", {
      prepare: ({ site }) => {
        site.clock.advance(21 * DAY_MS);
        site.entra.world.settled(() => site.entra.world.join("Developers", site.addUser("anna")));
        site.entra.world.slowNext({ each: [...REPLICAS] });
      },
    }),
  ],
};

export const ROTATIONS: readonly Scenario[] = [whole, slow];
