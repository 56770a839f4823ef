import * as oauth from "oauth4webapi";
import { Agent, fetch as undiciFetch } from "undici";
import type { OpenIdRealm } from "./realm.js";

/** What a login learns of a person: the ID token's claims, and UserInfo's beside them. */
export type Claims = Record<string, unknown>;

/** A login that the identity provider refused, in its own words. */
export class Refused extends Error {}

/** One login, from the realm's values to the claims. */
export interface Login {
  realm: OpenIdRealm;
  /** Where the browser is sent back to: the origin of PVE's web interface. */
  redirectUrl: string;
  /** UPN or object id of who signs in. */
  person: string;
  /** PVE's own time, ms since 1970. */
  now: number;
}

type Fetch = (url: string, options: object) => Promise<Response>;

/** An issuer's metadata, and its keys as far as they were needed. */
interface Issuer {
  server: oauth.AuthorizationServer;
  keys: oauth.JWKSCacheInput;
}

/** The relying party: what PVE's OpenID library does. Keeps discovery and keys, never an answer. */
export class RelyingParty {
  private readonly dispatcher: Agent;
  private readonly issuers = new Map<string, Promise<Issuer>>();

  constructor(caPem: string) {
    this.dispatcher = new Agent({ connect: { ca: caPem } });
  }

  close(): Promise<void> {
    return this.dispatcher.close();
  }

  /** Signs a person in; throws `Refused` with the provider's reason. */
  async claims(login: Login): Promise<Claims> {
    const issuer = await this.issuer(login.realm.issuerUrl);
    const { server } = issuer;
    const client: oauth.Client = {
      client_id: login.realm.clientId,
      [oauth.clockSkew]: Math.round((login.now - Date.now()) / 1000),
      [oauth.clockTolerance]: 60,
    };
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const nonce = oauth.generateRandomNonce();
    const back = await this.authorize(server, login, { verifier, state, nonce });
    const callback = this.refusing(() => oauth.validateAuthResponse(server, client, back, state));
    const tokens = await this.redeem(issuer, client, login, { callback, verifier, nonce });
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    if (!claims) throw new Refused("the answer has no ID token");
    if (!login.realm.queryUserinfo) return claims;
    return { ...claims, ...(await this.userInfo(server, client, tokens.access_token, claims.sub)) };
  }

  private readonly fetch: Fetch = (url, options) =>
    undiciFetch(url, { ...options, dispatcher: this.dispatcher });

  private http(): { [oauth.customFetch]: Fetch } {
    return { [oauth.customFetch]: this.fetch };
  }

  private issuer(issuerUrl: string): Promise<Issuer> {
    const known = this.issuers.get(issuerUrl);
    if (known) return known;
    const found = this.discover(issuerUrl);
    this.issuers.set(issuerUrl, found);
    // A discovery that failed must not speak for later logins.
    found.catch(() => this.issuers.delete(issuerUrl));
    return found;
  }

  private async discover(issuerUrl: string): Promise<Issuer> {
    const url = new URL(issuerUrl);
    const response = await oauth.discoveryRequest(url, this.http());
    return { server: await oauth.processDiscoveryResponse(url, response), keys: {} };
  }

  /** Plays the browser: goes to the authorization URL and takes the redirect back. */
  private async authorize(
    server: oauth.AuthorizationServer,
    { realm, redirectUrl, person }: Login,
    once: { verifier: string; state: string; nonce: string },
  ): Promise<URL> {
    const url = new URL(server.authorization_endpoint ?? "");
    const parameters: Record<string, string | undefined> = {
      response_type: "code",
      client_id: realm.clientId,
      redirect_uri: redirectUrl,
      scope: `openid ${realm.scopes}`,
      state: once.state,
      nonce: once.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(once.verifier),
      code_challenge_method: "S256",
      login_hint: person,
      prompt: realm.prompt,
      acr_values: realm.acrValues,
    };
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const page = await this.fetch(url.href, { redirect: "manual" });
    const location = page.headers.get("location");
    const text = await page.text();
    if (page.status === 302 && location !== null) return new URL(location);
    throw new Refused(/AADSTS\d+: [^<]*/.exec(text)?.[0] ?? `status ${page.status} on sign-in`);
  }

  private async redeem(
    { server, keys }: Issuer,
    client: oauth.Client,
    { realm, redirectUrl }: Login,
    code: { callback: URLSearchParams; verifier: string; nonce: string },
  ): Promise<oauth.TokenEndpointResponse> {
    const key = realm.clientKey;
    const authentication = key === undefined ? oauth.None() : oauth.ClientSecretBasic(key);
    const response = await oauth.authorizationCodeGrantRequest(
      ...([server, client, authentication, code.callback, redirectUrl, code.verifier] as const),
      this.http(),
    );
    return this.refusingLater(async () => {
      const options = { expectedNonce: code.nonce, requireIdToken: true };
      const tokens = await oauth.processAuthorizationCodeResponse(
        server,
        client,
        response,
        options,
      );
      await oauth.validateApplicationLevelSignature(server, response, {
        ...this.http(),
        [oauth.jwksCache]: keys,
      });
      return tokens;
    });
  }

  private async userInfo(
    server: oauth.AuthorizationServer,
    client: oauth.Client,
    accessToken: string,
    subject: string,
  ): Promise<Claims> {
    return this.refusingLater(async () => {
      const response = await oauth.userInfoRequest(server, client, accessToken, this.http());
      return oauth.processUserInfoResponse(server, client, subject, response);
    });
  }

  private refusing<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw asRefused(error);
    }
  }

  private async refusingLater<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw asRefused(error);
    }
  }
}

function asRefused(error: unknown): Refused {
  if (error instanceof oauth.ResponseBodyError) {
    return new Refused(error.error_description ?? error.error, { cause: error });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new Refused(text, { cause: error });
}
