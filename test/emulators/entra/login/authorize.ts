import type { View } from "../replica.js";
import type { Answer, Incoming, Service } from "../service.js";
import type { User } from "../tables.js";
import { findUser } from "../world/find.js";
import { type Client, knownApp } from "./client.js";
import type { Codes } from "./codes.js";
import { REFUSALS } from "./errors.js";

const CODE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function scopesOf(request: Incoming): Set<string> {
  return new Set((request.query.get("scope") ?? "").split(" ").filter((scope) => scope !== ""));
}

/** Whom the browser would sign in: the hint says it, since nobody is there to type. */
function personOf(service: Service, view: View, hint: string | null, client: Client): User {
  if (hint === null || hint === "") throw REFUSALS.loginRequired();
  const user = findUser(view, hint);
  if (!user) throw REFUSALS.noSuchUser(hint, service.domain);
  if (!user.accountEnabled) throw REFUSALS.userDisabled();
  const { principal, app } = client;
  const assigned = view
    .rows("appRole")
    .some((row) => row.resourceId === principal.id && row.principalId === user.id);
  if (principal.appRoleAssignmentRequired && !assigned) {
    throw REFUSALS.notAssigned(app.appId, app.displayName);
  }
  return user;
}

function challengeOf(request: Incoming): string | undefined {
  const challenge = request.query.get("code_challenge");
  if (challenge === null) return undefined;
  const method = request.query.get("code_challenge_method") ?? "plain";
  if (method !== "S256") throw REFUSALS.challengeMethod(method);
  return challenge;
}

/** A redirect back to the app. Entra names a place without a path with a trailing slash. */
function redirect(to: string, parameters: Record<string, string>): Answer {
  const url = new URL(to);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { status: 302, headers: { location: url.href }, body: "" };
}

/**
 * The authorization endpoint without a person: `login_hint` (UPN or object id) says who signs in,
 * and consent is given. Refusals are Entra's error pages; they never reach the redirect URI.
 */
export function authorize(service: Service, codes: Codes, request: Incoming): Answer {
  const { query } = request;
  const view = service.directory.view();
  const appId = query.get("client_id");
  if (appId === null) throw REFUSALS.missing("client_id");
  const client = knownApp(service, view, appId);
  const redirectUri = query.get("redirect_uri") ?? client.app.redirectUris[0] ?? "";
  if (!client.app.redirectUris.includes(redirectUri)) {
    throw REFUSALS.redirectMismatch(redirectUri, appId);
  }
  const responseType = query.get("response_type") ?? "";
  if (responseType !== "code") throw REFUSALS.responseType(responseType);
  const challenge = challengeOf(request);
  const user = personOf(service, view, query.get("login_hint"), client);
  const code = `1.${service.random.text(60, CODE_ALPHABET)}`;
  codes.issue(code, {
    appId,
    userId: user.id,
    redirectUri,
    scopes: scopesOf(request),
    nonce: query.get("nonce") ?? undefined,
    challenge,
    issuedAt: service.clock.now(),
  });
  const state = query.get("state");
  const parameters = { code, session_state: service.random.uuid() };
  return redirect(redirectUri, state === null ? parameters : { ...parameters, state });
}

/** The page that a browser shows when Entra refuses before it would redirect. */
export function errorPage(text: string): Answer {
  const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return {
    status: 400,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: `<!DOCTYPE html><html><head><title>Sign in to your account</title></head><body><h1>Sorry, but we’re having trouble signing you in.</h1><p>${safe}</p></body></html>`,
  };
}
