/** What the test and the outside world say to one another. Plain data. */
import type { WorldOrder } from "../emulators/common/control.js";

export interface OutsideOptions {
  readonly address: string;
  readonly pveName: string;
  /** The name in the certificate that an ACME client would bring. */
  readonly guiName: string;
  readonly people: number;
}

/** What somebody needs to know to configure an agent for this world. */
export interface OutsideFacts {
  readonly pveUrl: string;
  readonly entraUrl: string;
  readonly issuer: string;
  readonly tenantId: string;
  /** The CA of the cluster, as /etc/pve/pve-root-ca.pem; and that of login and Graph. */
  readonly pveCaPem: string;
  readonly entraCaPem: string;
  /** The CA of the certificate that ACME brings: the machine trusts it, the cluster knows nothing of it. */
  readonly acmeCaPem: string;
  readonly tokenId: string;
  readonly tokenSecret: string;
  readonly agentAppId: string;
  /** Certificate and key of the agent app. */
  readonly agentPem: string;
  readonly ssoAppId: string;
  readonly groups: { readonly operators: string; readonly admins: string };
}

export type Order =
  | { readonly kind: "start"; readonly options: OutsideOptions }
  | { readonly kind: "entra"; readonly order: WorldOrder }
  | { readonly kind: "pve"; readonly order: WorldOrder }
  /** `userCfg` and `domainsCfg` as they are. */
  | { readonly kind: "files" }
  | { readonly kind: "certificate"; readonly shown: "own" | "acme" }
  /** Whether this person, by UPN, gets in through the realm. */
  | { readonly kind: "signIn"; readonly upn: string }
  | { readonly kind: "fault"; readonly of: "entra" | "pve"; readonly fault: unknown }
  | { readonly kind: "noFaults"; readonly of: "entra" | "pve" }
  /** How many faults no request has met yet. */
  | { readonly kind: "faultsLeft"; readonly of: "entra" | "pve" }
  /** Every value that must stay secret. */
  | { readonly kind: "secretTexts" };

export type Asked = { readonly id: number } & Order;

export type Answered = { readonly id: number } & (
  { readonly value: unknown } | { readonly failed: string }
);
