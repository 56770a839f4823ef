/** Who may write: exactly one node of a cluster, and without quorum nobody (P8). */
import type { Finding } from "../errors.js";

export type LeaseAnswer =
  | { readonly mayWrite: true }
  | {
      readonly mayWrite: false;
      readonly finding: Finding;
      /** The node that writes, where one is known. */
      readonly leader?: string;
    };

export interface Lease {
  /**
   * Whether this node may write, asked at the start of each pass. Throws only the signal's own
   * reason; whatever else stands in the way is the answer's finding.
   */
  check(signal: AbortSignal): Promise<LeaseAnswer>;
}
