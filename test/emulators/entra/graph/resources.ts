import { longDate } from "../dates.js";
import type { View } from "../replica.js";
import type {
  Application,
  AppRole,
  Certificate,
  Device,
  Group,
  OptionalClaim,
  Secret,
  ServicePrincipal,
  User,
} from "../tables.js";
import { hintOf } from "../world/secret-text.js";
import type { Resource } from "./shape.js";

/** The rows of the directory as Graph's resources, with all the properties that the emulator keeps. */

export function userResource(user: User): Resource {
  return {
    ...user,
    mailNickname: user.userPrincipalName.replace(/@.*/, ""),
    creationType: user.userType === "Guest" ? "Invitation" : null,
    externalUserState: user.userType === "Guest" ? "Accepted" : null,
  };
}

export function groupResource(group: Group): Resource {
  const mailEnabled = group.groupTypes.includes("Unified");
  return { ...group, mailEnabled, securityEnabled: true };
}

export function deviceResource(device: Device): Resource {
  return { ...device };
}

/** A secret as every later read shows it: never the text. */
export function secretResource(secret: Secret): Resource {
  return {
    customKeyIdentifier: null,
    displayName: secret.displayName,
    endDateTime: longDate(secret.end),
    hint: hintOf(secret.secretText),
    keyId: secret.keyId,
    secretText: null,
    startDateTime: longDate(secret.start),
  };
}

/** A certificate; `key` only where it was asked for on a single application. */
export function certificateResource(certificate: Certificate, withKey = false): Resource {
  return {
    customKeyIdentifier: Buffer.from(certificate.sha1, "base64url").toString("base64"),
    displayName: certificate.displayName,
    endDateTime: longDate(certificate.end),
    key: withKey ? certificate.der : null,
    keyId: certificate.keyId,
    startDateTime: longDate(certificate.start),
    type: "AsymmetricX509Cert",
    usage: "Verify",
  };
}

function claimResource(claim: OptionalClaim): Resource {
  return { ...claim };
}

/** An application with its credentials as a view knows them. */
export function applicationResource(view: View, app: Application, withKeys = false): Resource {
  const secrets = [...view.held("secret", app.id).values()].sort((x, y) => y.start - x.start);
  const certificates = [...view.held("certificate", app.id).values()];
  const { redirectUris, idTokenClaims, ...rest } = app;
  return {
    ...rest,
    isFallbackPublicClient: null,
    info: {
      logoUrl: null,
      marketingUrl: null,
      privacyStatementUrl: null,
      supportUrl: null,
      termsOfServiceUrl: null,
    },
    api: {
      acceptMappedClaims: null,
      knownClientApplications: [],
      oauth2PermissionScopes: [],
      preAuthorizedApplications: [],
      requestedAccessTokenVersion: null,
    },
    optionalClaims:
      idTokenClaims.length > 0
        ? { accessToken: [], idToken: idTokenClaims.map(claimResource), saml2Token: [] }
        : null,
    publicClient: { redirectUris: [] },
    spa: { redirectUris: [] },
    web: {
      homePageUrl: null,
      logoutUrl: null,
      redirectUris,
      implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
      redirectUriSettings: redirectUris.map((uri) => ({ uri, index: null })),
    },
    passwordCredentials: secrets.map(secretResource),
    keyCredentials: certificates.map((row) => certificateResource(row, withKeys)),
  };
}

function appRoleResource(role: AppRole): Resource {
  const { id, value } = role;
  const texts = { description: value, displayName: value };
  return {
    ...texts,
    allowedMemberTypes: ["Application"],
    id,
    isEnabled: true,
    origin: "Application",
    value,
  };
}

function scopeResource(scope: AppRole): Resource {
  const { id, value } = scope;
  const admin = { adminConsentDescription: value, adminConsentDisplayName: value };
  const user = { userConsentDescription: value, userConsentDisplayName: value };
  return { ...admin, ...user, id, isEnabled: true, type: "User", value };
}

export function principalResource(
  view: View,
  principal: ServicePrincipal,
  tenantId: string,
): Resource {
  const app = view.find("application", (row) => row.appId === principal.appId);
  return {
    ...principal,
    appDisplayName: principal.displayName,
    appOwnerOrganizationId: tenantId,
    appRoles: principal.appRoles.map(appRoleResource),
    oauth2PermissionScopes: principal.oauth2PermissionScopes.map(scopeResource),
    servicePrincipalNames: [principal.appId],
    servicePrincipalType: "Application",
    signInAudience: app?.signInAudience ?? "AzureADMultipleOrgs",
    replyUrls: app?.redirectUris ?? [],
  };
}
