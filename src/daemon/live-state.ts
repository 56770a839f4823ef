/** How the daemon is at this moment, for health, metrics, `status` and mails. */
import type { Config } from "../config/types.js";
import type { Finding } from "../errors.js";
import type { HealthState } from "../health/index.js";
import type { RotationSet } from "../pass/rotation-set.js";

/** What the state is completed from each time that somebody asks. */
export interface Sources {
  readonly config: () => Config;
  readonly rotations: Pick<RotationSet, "running">;
  /** What is wrong beside passes and rotations. */
  readonly beside: () => readonly Finding[];
}

export class LiveState {
  readonly #sources: Sources;
  /** As passes, rotations and reloads have left it. */
  left: HealthState;

  constructor(first: HealthState, sources: Sources) {
    this.left = first;
    this.#sources = sources;
  }

  now(): HealthState {
    const { config, rotations, beside } = this.#sources;
    const configured = new Map(config().realms.map((realm) => [realm.name, realm]));
    const realms = new Map(
      [...this.left.realms].map(([name, realm]) => {
        const { clientId = "", rotate = false } = configured.get(name) ?? {};
        const rotating = rotations.running(clientId) !== undefined;
        return [name, { ...realm, secret: { ...realm.secret, rotating, rotated: rotate } }];
      }),
    );
    const findings = new Map(this.left.findings);
    for (const { code } of beside()) findings.set(code, 1);
    return { ...this.left, realms, findings };
  }
}
