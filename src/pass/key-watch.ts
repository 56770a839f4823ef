/** What is remembered between passes about the keys that the realms hold: in memory only. */
import type { Clock } from "../clock.js";
import type { KeyProof } from "../decide/rotation-facts.js";
import type { SecretProbePort } from "../ports.js";
import type { Secret } from "../secret.js";
import { judgeKey, STILL } from "./proof.js";

/** A proof older than this is made again. */
const FRESH_MS = 300_000;
/** A key found refused this lately is asked about a few times only, not for a minute again. */
const REFUSED_LATELY_MS = 900_000;
/** Keys of one app that are worth remembering: the one in use, and a few before it. */
const REMEMBERED = 8;

interface Known {
  readonly key: Secret;
  /** Absent: to be proved again in the next pass. */
  proof?: KeyProof;
  /** By the monotonic clock. */
  provedAt: number;
  /** By the monotonic clock; absent: not refused when it was last judged. */
  refusedAt?: number;
  unlistedSince?: number;
}

/**
 * Proves the realms' keys, each when it changed or its last proof is older than five minutes.
 * After anything but a plain acceptance (a refusal, a flicker, silence, a key that the app does
 * not list) the very next pass asks again.
 */
export class KeyWatch {
  readonly #apps = new Map<string, Known[]>();
  readonly #clock: Clock;
  readonly #probe: SecretProbePort;
  readonly #now: () => number;

  /** `now`: Entra's time in milliseconds since 1970, or this machine's until it is known. */
  constructor(tools: {
    readonly clock: Clock;
    readonly probe: SecretProbePort;
    readonly now: () => number;
  }) {
    this.#clock = tools.clock;
    this.#probe = tools.probe;
    this.#now = tools.now;
  }

  /** What Entra says of a key. Takes a second; of one that is refused a minute, then 5 s a time. */
  async check(clientId: string, key: Secret, signal: AbortSignal): Promise<KeyProof> {
    const known = this.#known(clientId, key);
    const fresh = this.#clock.monotonic() - known.provedAt < FRESH_MS;
    if (known.proof !== undefined && fresh && known.unlistedSince === undefined) {
      return known.proof;
    }
    const tools = { probe: this.#probe, clock: this.#clock, signal };
    const refusedAgo = this.#clock.monotonic() - (known.refusedAt ?? -Infinity);
    const needed = refusedAgo < REFUSED_LATELY_MS ? STILL : undefined;
    const { proof, flickered } = await judgeKey(clientId, key, this.#now, tools, needed);
    if (proof.kind === "accepted" && !flickered) this.accepted(clientId, key);
    else delete known.proof;
    if (proof.kind === "refused") known.refusedAt = this.#clock.monotonic();
    else if (proof.kind === "accepted") delete known.refusedAt;
    return proof;
  }

  /** A rotation has just proved this key. */
  accepted(clientId: string, key: Secret): void {
    const known = this.#known(clientId, key);
    known.proof = { kind: "accepted", at: this.#now() };
    known.provedAt = this.#clock.monotonic();
  }

  /** Notes whether the app lists a secret that the key can be; gives since when it does not. */
  listed(clientId: string, key: Secret, listed: boolean): number | undefined {
    const known = this.#known(clientId, key);
    if (listed) delete known.unlistedSince;
    else known.unlistedSince ??= this.#now();
    return known.unlistedSince;
  }

  #known(clientId: string, key: Secret): Known {
    const keys = this.#apps.get(clientId) ?? [];
    const found = keys.find((known) => known.key.equals(key));
    const known: Known = found ?? { key, provedAt: 0 };
    const others = keys.filter((other) => other !== known);
    this.#apps.set(clientId, [known, ...others].slice(0, REMEMBERED));
    return known;
  }
}
