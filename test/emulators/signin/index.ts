import { allPaths, effectivePrivileges } from "../pve/oracle.js";
import { decodeUtf8 } from "../pve/perl.js";
import { admit, followGroupsClaim, type LoginPve, readUsers, useridOf } from "./account.js";
import { RelyingParty } from "./oidc.js";
import { type OpenIdRealm, readRealm } from "./realm.js";

/** How a login ended. */
export type SignedIn =
  | {
      in: true;
      userid: string;
      /** Path to privileges, where there are any, by user.cfg as it was at the login. */
      readonly privileges: Map<string, Set<string>>;
    }
  | { in: false; because: string };

export interface SignInOptions {
  pve: LoginPve;
  /** Whose certificate is to be trusted; the addresses come from the realm. */
  entra: { caPem: string };
  /** `entra` by default. */
  realm?: string;
  /** Where the browser is sent back to; PVE's own URL by default. The SSO app must know it. */
  redirectUrl?: string;
}

/** A browser and PVE's login together; close it. */
export interface SignIn {
  /** Signs in whom a UPN or an object id names. Never throws for a refusal. */
  signIn: (person: string) => Promise<SignedIn>;
  close(): Promise<void>;
}

function privilegesOf(pve: LoginPve, userid: string): () => Map<string, Set<string>> {
  const cfg = readUsers(pve);
  const now = pve.clock.now();
  let found: Map<string, Set<string>> | undefined;
  return () =>
    (found ??= new Map(
      allPaths(cfg)
        .map((path) => [path, effectivePrivileges(cfg, userid, path, now)] as const)
        .filter(([, privileges]) => privileges.size > 0),
    ));
}

function checkAudience(realm: OpenIdRealm, audience: unknown): void {
  const named = (Array.isArray(audience) ? audience : [audience]).map(String);
  const accepted = [realm.clientId, ...realm.audiences];
  if (named.every((one) => accepted.includes(one))) return;
  throw new Error("Invalid audiences");
}

/**
 * A login without a browser that does what PVE's does: reads the realm, has Entra sign the person
 * in (authorization code and PKCE), redeems the code with the realm's `client-key`, checks the ID
 * token, builds the userid from the realm's claim, and admits the account or makes it.
 */
export function createSignIn(options: SignInOptions): SignIn {
  const { pve } = options;
  const party = new RelyingParty(options.entra.caPem);
  const attempt = async (person: string): Promise<SignedIn> => {
    const realm = readRealm(pve.domainsCfg(), options.realm ?? "entra");
    const redirectUrl = options.redirectUrl ?? pve.url;
    const claims = await party.claims({ realm, redirectUrl, person, now: pve.clock.now() });
    checkAudience(realm, claims.aud);
    const userid = useridOf(realm, claims);
    admit(pve, realm, userid, claims);
    followGroupsClaim(pve, realm, userid, claims);
    const privileges = privilegesOf(pve, userid);
    return {
      in: true,
      userid: decodeUtf8(userid),
      get privileges() {
        return privileges();
      },
    };
  };
  return {
    close: () => party.close(),
    signIn: (person) =>
      attempt(person).catch((error: unknown) => ({
        in: false,
        because: error instanceof Error ? error.message : String(error),
      })),
  };
}

/** One login. */
export async function signIn(options: SignInOptions & { person: string }): Promise<SignedIn> {
  const session = createSignIn(options);
  try {
    return await session.signIn(options.person);
  } finally {
    await session.close();
  }
}
