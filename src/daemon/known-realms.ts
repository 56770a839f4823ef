/** How the realms were when the daemon was last here. */
import type { Config } from "../config/types.js";
import { UNKNOWN_REALM } from "../health/index.js";
import type { HealthState } from "../health/index.js";
import type { Journal } from "../journal/index.js";

/** A restart is no reason to forget when a pass or a rotation last went well. */
export function knownRealms(config: Config, journal: Journal): HealthState["realms"] {
  const last = journal.lastPasses();
  return new Map(
    config.realms.map(({ name, clientId }) => {
      const lastSuccess = last.get(name)?.lastSuccess;
      const written = journal.secrets
        .all(clientId)
        .filter(({ state, realms }) => state === "written" && realms.includes(name))
        .map(({ at }) => at);
      return [
        name,
        {
          ...UNKNOWN_REALM,
          sync: { ...UNKNOWN_REALM.sync, ...(lastSuccess === undefined ? {} : { lastSuccess }) },
          secret: {
            ...UNKNOWN_REALM.secret,
            ...(written.length === 0 ? {} : { lastRotation: Math.max(...written) }),
          },
        },
      ];
    }),
  );
}
