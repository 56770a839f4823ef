import { createPublicKey, X509Certificate } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import type { View } from "../replica.js";
import type { Incoming, Service } from "../service.js";
import type { Application, Certificate, ServicePrincipal } from "../tables.js";
import { applicationOf, principalOf } from "../world/find.js";
import { issuerOf, tokenEndpoint } from "./discovery.js";
import { REFUSALS } from "./errors.js";

/** An app that proved who it is. */
export interface Client {
  app: Application;
  principal: ServicePrincipal;
}

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** Entra forgives clocks that differ by so much. */
const TOLERANCE_S = 300;

interface Credentials {
  appId: string | undefined;
  secret: string | undefined;
  assertion: string | undefined;
}

/** Undoes the form encoding of RFC 6749, section 2.3.1; what is no valid escape stays. */
function formDecoded(text: string): string {
  return new URLSearchParams(`x=${text.replaceAll("&", "%26")}`).get("x") ?? "";
}

/** The subject of a JWT, or nothing where it is none. */
function subjectOf(jwt: string): string {
  try {
    return decodeJwt(jwt).sub ?? "";
  } catch {
    return "";
  }
}

function basicCredentials(header: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^basic\s+(\S+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [id = "", ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return { id: formDecoded(id), secret: formDecoded(rest.join(":")) };
}

function credentialsOf(request: Incoming, form: URLSearchParams): Credentials {
  const basic = basicCredentials(request.headers.authorization);
  const assertion =
    form.get("client_assertion_type") === ASSERTION_TYPE ? form.get("client_assertion") : null;
  let appId = basic?.id ?? form.get("client_id") ?? undefined;
  // A client may leave its id to the assertion (RFC 7523, section 2.2).
  if (appId === undefined && assertion !== null) appId = subjectOf(assertion);
  const secret = basic?.secret ?? form.get("client_secret") ?? undefined;
  return { appId, secret, assertion: assertion ?? undefined };
}

/** The app of that id with its principal, as a view knows it; refuses an unknown or a disabled one. */
export function knownApp(service: Service, view: View, appId: string): Client {
  const app = applicationOf(view, appId);
  const principal = principalOf(view, appId);
  if (!app || !principal) throw REFUSALS.noSuchApp(appId, service.domain);
  if (!principal.accountEnabled) throw REFUSALS.appDisabled(appId, app.displayName);
  return { app, principal };
}

function checkSecret(service: Service, view: View, app: Application, secret: string): void {
  const held = [...view.held("secret", app.id).values()];
  const matching = held.find((candidate) => candidate.secretText === secret);
  if (!matching) throw REFUSALS.wrongSecret(app.appId);
  const now = service.clock.now();
  if (now >= matching.end) throw REFUSALS.expiredSecret(app.appId);
  // Entra has no other words for a secret whose time has not come.
  if (now + TOLERANCE_S * 1000 < matching.start) throw REFUSALS.wrongSecret(app.appId);
}

/** The certificate that an assertion names by `x5t` or `x5t#S256`, if the app holds it. */
export function namedCertificate(
  view: View,
  app: Application,
  jwt: string,
): Certificate | undefined {
  const header = decodeProtectedHeader(jwt) as Record<string, unknown>;
  return [...view.held("certificate", app.id).values()].find(
    (held) => held.sha256 === header["x5t#S256"] || held.sha1 === header.x5t,
  );
}

/** Verifies a signature by an app's certificate; judges no date. Throws where it is not good. */
export async function verifySignature(certificate: Certificate, jwt: string): Promise<void> {
  const parsed = new X509Certificate(Buffer.from(certificate.der, "base64"));
  const key = createPublicKey(parsed.publicKey.export({ type: "spki", format: "pem" }));
  await jwtVerify(jwt, key, {
    currentDate: new Date(0),
    clockTolerance: Number.MAX_SAFE_INTEGER,
    algorithms: ["RS256", "PS256", "ES256"],
  });
}

async function checkAssertion(
  service: Service,
  view: View,
  app: Application,
  assertion: string,
  tenant: string,
): Promise<void> {
  let certificate: Certificate | undefined;
  let claims: ReturnType<typeof decodeJwt>;
  try {
    certificate = namedCertificate(view, app, assertion);
    claims = decodeJwt(assertion);
  } catch {
    throw REFUSALS.badAssertion("The assertion is no JSON web token.");
  }
  if (!certificate) throw REFUSALS.badAssertion("The key was not found.");
  if (service.clock.now() >= certificate.end)
    throw REFUSALS.badAssertion("The key used is expired.");
  await verifySignature(certificate, assertion).catch(() => {
    throw REFUSALS.badAssertion("The signature is not valid.");
  });
  if (claims.iss !== app.appId || claims.sub !== app.appId) {
    throw REFUSALS.badAssertion("Issuer and subject must be the client id.");
  }
  const accepted = [
    tokenEndpoint(service, tenant),
    tokenEndpoint(service, service.tenantId),
    issuerOf(service),
  ];
  if (typeof claims.aud !== "string" || !accepted.includes(claims.aud)) {
    throw REFUSALS.assertionAudience(tokenEndpoint(service, service.tenantId));
  }
  const now = service.assertionNow() / 1000;
  const { exp = 0, nbf = 0 } = claims;
  if (now >= exp + TOLERANCE_S || now < nbf - TOLERANCE_S) throw REFUSALS.assertionTime();
}

/** Who asks at the token endpoint: proved by secret (form or Basic) or by a signed assertion. */
export async function authenticateClient(
  service: Service,
  view: View,
  request: Incoming,
  form: URLSearchParams,
  tenant: string,
): Promise<Client> {
  const { appId, secret, assertion } = credentialsOf(request, form);
  if (appId === undefined) throw REFUSALS.missing("client_id");
  const client = knownApp(service, view, appId);
  if (assertion !== undefined) await checkAssertion(service, view, client.app, assertion, tenant);
  else if (secret) checkSecret(service, view, client.app, secret);
  else throw REFUSALS.noSecret();
  if (service.settings.blocked.has(appId)) throw REFUSALS.blocked();
  return client;
}
