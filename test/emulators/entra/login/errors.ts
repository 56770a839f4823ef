import { tokenErrorDate } from "../dates.js";
import type { Answer, Service } from "../service.js";

/** A refusal of the login endpoints: OAuth's error, Entra's number and text. */
export class LoginError extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    readonly code: number,
    text: string,
  ) {
    super(`AADSTS${code}: ${text}`);
  }
}

/** Entra's refusals by what is wrong (Microsoft: "authentication and authorization error codes"). */
export const REFUSALS = {
  noSuchTenant: (tenant: string) =>
    new LoginError(
      400,
      "invalid_request",
      90002,
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
    ),
  noSuchApp: (appId: string, tenant: string) =>
    new LoginError(
      400,
      "unauthorized_client",
      700016,
      `Application with identifier '${appId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    ),
  appDisabled: (appId: string, name: string) =>
    new LoginError(
      400,
      "unauthorized_client",
      7000112,
      `Application '${appId}'(${name}) is disabled.`,
    ),
  wrongSecret: (appId: string) =>
    new LoginError(
      401,
      "invalid_client",
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${appId}'.`,
    ),
  expiredSecret: (appId: string) =>
    new LoginError(
      401,
      "invalid_client",
      7000222,
      `The provided client secret keys for app '${appId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
    ),
  noSecret: () =>
    new LoginError(
      401,
      "invalid_client",
      7000218,
      `The request body must contain the following parameter: 'client_assertion' or 'client_secret'.`,
    ),
  badAssertion: (detail: string) =>
    new LoginError(
      401,
      "invalid_client",
      700027,
      `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - ${detail}]`,
    ),
  assertionAudience: (expected: string) =>
    new LoginError(
      401,
      "invalid_client",
      700023,
      `Client assertion audience claim does not match Realm issuer. Expected '${expected}'. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials.`,
    ),
  assertionTime: () =>
    new LoginError(
      401,
      "invalid_client",
      700024,
      `Client assertion is not within its valid time range. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials.`,
    ),
  missing: (parameter: string) =>
    new LoginError(
      400,
      "invalid_request",
      900144,
      `The request body must contain the following parameter: '${parameter}'.`,
    ),
  badGrant: (grant: string) =>
    new LoginError(
      400,
      "unsupported_grant_type",
      70003,
      `The app requested an unsupported grant type '${grant}'.`,
    ),
  badScope: (scope: string) =>
    new LoginError(
      400,
      "invalid_scope",
      1002012,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    ),
  noSuchResource: (resource: string, tenant: string) =>
    new LoginError(
      400,
      "invalid_resource",
      500011,
      `The resource principal named ${resource} was not found in the tenant named ${tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`,
    ),
  blocked: () =>
    new LoginError(
      400,
      "access_denied",
      53003,
      `Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.`,
    ),
  redirectMismatch: (uri: string, appId: string) =>
    new LoginError(
      400,
      "invalid_client",
      50011,
      `The redirect URI '${uri}' specified in the request does not match the redirect URIs configured for the application '${appId}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal.`,
    ),
  responseType: (type: string) =>
    new LoginError(
      400,
      "unsupported_response_type",
      700054,
      `response_type '${type}' is not enabled for the application.`,
    ),
  challengeMethod: (method: string) =>
    new LoginError(
      400,
      "invalid_request",
      9002345,
      `The code_challenge_method '${method}' is not supported: the emulator takes 'S256' only.`,
    ),
  noSuchUser: (upn: string, tenant: string) =>
    new LoginError(
      400,
      "invalid_grant",
      50034,
      `The user account ${upn} does not exist in the ${tenant} directory. To sign into this application, the account must be added to the directory.`,
    ),
  userDisabled: () => new LoginError(400, "invalid_grant", 50057, "The user account is disabled."),
  notAssigned: (appId: string, name: string) =>
    new LoginError(
      400,
      "invalid_grant",
      50105,
      `Your administrator has configured the application ${name} ('${appId}') to block users unless they are specifically granted ('assigned') access to the application.`,
    ),
  loginRequired: () =>
    new LoginError(
      400,
      "login_required",
      50058,
      "A silent sign-in request was sent but no user is signed in.",
    ),
  badCode: () =>
    new LoginError(
      400,
      "invalid_grant",
      9002313,
      "Invalid request. Request is malformed or invalid.",
    ),
  usedCode: () =>
    new LoginError(
      400,
      "invalid_grant",
      54005,
      "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
    ),
  expiredCode: () =>
    new LoginError(
      400,
      "invalid_grant",
      70008,
      "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
    ),
  codeOfAnotherApp: () =>
    new LoginError(
      400,
      "invalid_grant",
      700005,
      "Provided Authorization Code is intended to use against other tenant or application, thus rejected.",
    ),
  redirectOfCode: () =>
    new LoginError(
      400,
      "invalid_grant",
      500112,
      "The reply address does not match the reply address provided when requesting Authorization code.",
    ),
  verifier: () =>
    new LoginError(
      400,
      "invalid_grant",
      501481,
      "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    ),
} as const;

/** The body of a refusal, with the ids that support asks for. */
export function loginErrorAnswer(service: Service, error: LoginError, requestId?: string): Answer {
  const { random, clock, loginUrl } = service;
  const traceId = random.uuid();
  const correlationId = requestId ?? random.uuid();
  const timestamp = tokenErrorDate(clock.now());
  return {
    status: error.status,
    headers: { "x-ms-request-id": traceId },
    body: {
      error: error.error,
      error_description: `${error.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [error.code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `${loginUrl}/error?code=${error.code}`,
    },
  };
}
