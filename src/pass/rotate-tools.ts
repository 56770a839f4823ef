/** What a rotation is given to work with, what it is told to do, and what it says in the end. */
import type { Clock } from "../clock.js";
import type { RealmConfig, RotationConfig } from "../config/types.js";
import type { RealmFacts } from "../decide/facts.js";
import type { Rotate } from "../decide/rotation-facts.js";
import { distrust, distrustsSecrets } from "../decide/trust.js";
import { AgentError, asAgentError } from "../errors.js";
import type { Finding } from "../errors.js";
import type { SecretsJournal } from "../journal/types.js";
import type { AccessPort, SecretProbePort, SsoAppPort } from "../ports.js";
import type { Secret } from "../secret.js";
import type { KeyWatch } from "./key-watch.js";
import type { RotationSet } from "./rotation-set.js";

/** Asked before every write: who may write may have changed meanwhile. */
export interface LeaseCheck {
  check(
    signal: AbortSignal,
  ): Promise<{ readonly mayWrite: true } | { readonly mayWrite: false; readonly finding: Finding }>;
}

export interface RotationTools {
  readonly app: SsoAppPort;
  readonly probe: SecretProbePort;
  readonly realms: Pick<AccessPort, "readRealmKey" | "writeRealmKey">;
  /** What makes this realm unfit for a secret (`secretsDistrust`); empty: nothing. */
  readonly distrust: (realm: string, facts: RealmFacts) => readonly Finding[];
  readonly journal: {
    readonly secrets: SecretsJournal;
    note(kind: string, realm: string | undefined, text: string): void;
  };
  readonly lease: LeaseCheck;
  readonly rotations: RotationSet;
  readonly watch: KeyWatch;
  readonly clock: Clock;
  /** Entra's time in milliseconds since 1970, or this machine's until it is known. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

export interface RotationOrder {
  readonly clientId: string;
  readonly rotate: Rotate;
  readonly displayName: string;
  readonly config: RotationConfig;
  /** The keys that the decision judged, by realm: another one found later is somebody's change. */
  readonly keys: ReadonlyMap<string, Secret>;
}

export interface RotationOutcome {
  readonly clientId: string;
  /** Every realm of the order holds the secret, and Entra accepts it. */
  readonly ok: boolean;
  /** Realms that hold the secret now. */
  readonly written: readonly string[];
  /** Of the secret, where this rotation or an earlier one made it. */
  readonly keyId?: string;
  readonly ends?: number;
  readonly findings: readonly Finding[];
}

/** A step that ends the rotation early, with what is to be said about it. */
export class Halt extends Error {
  constructor(readonly findings: readonly Finding[]) {
    super("the rotation ends here");
  }
}

/** Throws unless we may write at this moment. */
export async function mayGoOn(
  tools: Pick<RotationTools, "lease">,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const answer = await tools.lease.check(signal);
  if (!answer.mayWrite) throw new Halt([answer.finding]);
  signal.throwIfAborted();
}

/** What a thrown thing says, as a finding; an abort stays thrown. */
export function findingOf(thrown: unknown, signal: AbortSignal, realm?: string): Finding {
  signal.throwIfAborted();
  const { code, message } = asAgentError(thrown);
  return { code, message, ...(realm !== undefined && { realm }) };
}

/** What `decide/trust.ts` says of a realm as far as it bears on secrets. */
export function secretsDistrust(
  realms: readonly RealmConfig[],
  issuer: string,
): RotationTools["distrust"] {
  return (name, facts) => {
    const realm = realms.find((configured) => configured.name === name);
    if (realm === undefined) {
      return [{ code: "REALM_MISSING", message: `realm ${name} is not configured`, realm: name }];
    }
    return distrust(realm, issuer, facts).filter((finding) => distrustsSecrets([finding]));
  };
}

/** Whether a thrown thing is this coded error. */
export function isCode(thrown: unknown, ...codes: readonly Finding["code"][]): boolean {
  return thrown instanceof AgentError && codes.includes(thrown.code);
}
