import type { Answer, Service } from "../service.js";

/** The issuer of the tenant's tokens; by its id, whichever name a request used. */
export function issuerOf(service: Service): string {
  return `${service.loginUrl}/${service.tenantId}/v2.0`;
}

/** The token endpoint as a request named the tenant. */
export function tokenEndpoint(service: Service, tenant: string): string {
  return `${service.loginUrl}/${tenant}/oauth2/v2.0/token`;
}

/** The OpenID Connect discovery document in Entra's form. */
export function discoveryDocument(service: Service, tenant: string): Answer {
  const at = `${service.loginUrl}/${tenant}`;
  const body = {
    token_endpoint: tokenEndpoint(service, tenant),
    token_endpoint_auth_methods_supported: [
      "client_secret_post",
      "private_key_jwt",
      "client_secret_basic",
    ],
    jwks_uri: `${at}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer: issuerOf(service),
    request_uri_parameter_supported: false,
    userinfo_endpoint: `${service.graphUrl}/oidc/userinfo`,
    authorization_endpoint: `${at}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${at}/oauth2/v2.0/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${at}/oauth2/v2.0/logout`,
    claims_supported: [
      ...["sub", "iss", "cloud_instance_name", "cloud_instance_host_name"],
      ...["cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr"],
      ...["nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"],
    ],
    kerberos_endpoint: `${at}/kerberos`,
    tenant_region_scope: "EU",
    cloud_instance_name: "localhost",
    cloud_graph_host_name: "localhost",
    msgraph_host: new URL(service.graphUrl).host,
    rbac_url: "https://pas.windows.net",
  };
  return { status: 200, headers: {}, body };
}

/** The public keys of the tenant. */
export function keysDocument(service: Service): Answer {
  const issuer = `${service.loginUrl}/{tenantid}/v2.0`;
  return { status: 200, headers: {}, body: { keys: [{ ...service.key.jwk, issuer }] } };
}
