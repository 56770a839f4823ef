import { createHash } from "node:crypto";
import { REFUSALS } from "./errors.js";

/** What an authorization code stands for. */
export interface Authorization {
  appId: string;
  userId: string;
  redirectUri: string;
  scopes: ReadonlySet<string>;
  nonce: string | undefined;
  challenge: string | undefined;
  /** Milliseconds since 1970. */
  issuedAt: number;
}

/** Entra's codes last ten minutes and work once. */
const LIFETIME_MS = 600_000;

/** The authorization codes that are out. */
export class Codes {
  private readonly out = new Map<string, Authorization>();
  private readonly redeemed = new Set<string>();

  issue(code: string, authorization: Authorization): void {
    this.out.set(code, authorization);
  }

  /** Redeems a code for the app that asked for it; refuses anybody else, and a second time. */
  redeem(code: string, appId: string, form: URLSearchParams, now: number): Authorization {
    if (this.redeemed.has(code)) throw REFUSALS.usedCode();
    const found = this.out.get(code);
    if (!found) throw REFUSALS.badCode();
    if (found.appId !== appId) throw REFUSALS.codeOfAnotherApp();
    if (now > found.issuedAt + LIFETIME_MS) throw REFUSALS.expiredCode();
    if (form.get("redirect_uri") !== found.redirectUri) throw REFUSALS.redirectOfCode();
    if (!verifies(form.get("code_verifier"), found.challenge)) throw REFUSALS.verifier();
    this.out.delete(code);
    this.redeemed.add(code);
    return found;
  }
}

function verifies(verifier: string | null, challenge: string | undefined): boolean {
  if (challenge === undefined) return verifier === null;
  if (verifier === null) return false;
  return createHash("sha256").update(verifier).digest("base64url") === challenge;
}
