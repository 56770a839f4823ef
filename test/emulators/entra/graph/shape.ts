/** A resource as JSON: its properties by name. */
export type Resource = Record<string, unknown>;

/** The properties of a type: which come unasked, and which only with `$select`. */
export interface Shape {
  type: string;
  byDefault: readonly string[];
  onRequest: readonly string[];
}

/** Properties that are lists; the rest of what the emulator does not keep is null. */
const LISTS: ReadonlySet<string> = new Set([
  "addIns",
  "alternativeNames",
  "appRoles",
  "assignedLabels",
  "assignedLicenses",
  "assignedPlans",
  "businessPhones",
  "groupTypes",
  "identifierUris",
  "identities",
  "imAddresses",
  "keyCredentials",
  "notificationEmailAddresses",
  "oauth2PermissionScopes",
  "onPremisesProvisioningErrors",
  "otherMails",
  "passwordCredentials",
  "provisionedPlans",
  "proxyAddresses",
  "replyUrls",
  "requiredResourceAccess",
  "resourceBehaviorOptions",
  "resourceProvisioningOptions",
  "serviceProvisioningErrors",
  "servicePrincipalNames",
  "tags",
]);

/** What Graph says of a property that holds nothing. */
export function emptyOf(name: string): unknown {
  return LISTS.has(name) ? [] : null;
}

export const USER: Shape = {
  type: "user",
  byDefault: [
    ...["businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone"],
    ...["officeLocation", "preferredLanguage", "surname", "userPrincipalName"],
  ],
  onRequest: [
    ...["accountEnabled", "city", "companyName", "country", "createdDateTime", "creationType"],
    ...["deletedDateTime", "department", "employeeId", "employeeType", "externalUserState"],
    ...["identities", "imAddresses", "mailNickname", "onPremisesImmutableId"],
    ...["onPremisesSamAccountName", "onPremisesSyncEnabled", "otherMails", "postalCode"],
    ...["proxyAddresses", "securityIdentifier", "state", "streetAddress", "usageLocation"],
    ...["userType"],
  ],
};

export const GROUP: Shape = {
  type: "group",
  byDefault: [
    ...["id", "deletedDateTime", "classification", "createdDateTime", "description"],
    ...["displayName", "expirationDateTime", "groupTypes", "isAssignableToRole", "mail"],
    ...["mailEnabled", "mailNickname", "membershipRule", "membershipRuleProcessingState"],
    ...["onPremisesDomainName", "onPremisesLastSyncDateTime", "onPremisesNetBiosName"],
    ...["onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesSyncEnabled"],
    ...["preferredDataLocation", "preferredLanguage", "proxyAddresses", "renewedDateTime"],
    ...["resourceBehaviorOptions", "resourceProvisioningOptions", "securityEnabled"],
    ...["securityIdentifier", "theme", "uniqueName", "visibility", "onPremisesProvisioningErrors"],
    ...["serviceProvisioningErrors"],
  ],
  onRequest: ["assignedLabels", "assignedLicenses", "licenseProcessingState"],
};

export const DEVICE: Shape = {
  type: "device",
  byDefault: ["id", "deletedDateTime", "accountEnabled", "deviceId", "displayName"],
  onRequest: [],
};

export const SERVICE_PRINCIPAL: Shape = {
  type: "servicePrincipal",
  byDefault: [
    ...["id", "deletedDateTime", "accountEnabled", "alternativeNames", "appDisplayName"],
    ...["appDescription", "appId", "applicationTemplateId", "appOwnerOrganizationId"],
    ...["appRoleAssignmentRequired", "description", "disabledByMicrosoftStatus", "displayName"],
    ...["homepage", "loginUrl", "logoutUrl", "notes", "notificationEmailAddresses"],
    ...["preferredSingleSignOnMode", "preferredTokenSigningKeyThumbprint", "replyUrls"],
    ...["servicePrincipalNames", "servicePrincipalType", "signInAudience", "tags"],
    ...["tokenEncryptionKeyId", "samlSingleSignOnSettings", "addIns", "appRoles", "info"],
    ...["keyCredentials", "oauth2PermissionScopes", "passwordCredentials", "verifiedPublisher"],
  ],
  onRequest: [],
};

export const APPLICATION: Shape = {
  type: "application",
  byDefault: [
    ...["id", "deletedDateTime", "appId", "applicationTemplateId", "disabledByMicrosoftStatus"],
    ...["createdDateTime", "displayName", "description", "groupMembershipClaims"],
    ...["identifierUris", "isDeviceOnlyAuthSupported", "isFallbackPublicClient", "notes"],
    ...["publisherDomain", "serviceManagementReference", "signInAudience", "tags"],
    ...["tokenEncryptionKeyId", "samlMetadataUrl", "defaultRedirectUri", "certification"],
    ...["optionalClaims", "addIns", "api", "appRoles", "info", "keyCredentials"],
    ...["parentalControlSettings", "passwordCredentials", "publicClient"],
    ...["requiredResourceAccess", "verifiedPublisher", "web", "spa"],
  ],
  onRequest: ["createdByAppId", "uniqueName", "authenticationBehaviors"],
};

/** Whether a type has a property of that name. */
export function hasProperty(shape: Shape, name: string): boolean {
  return shape.byDefault.includes(name) || shape.onRequest.includes(name);
}

/** A resource cut down to what was selected (undefined: what comes unasked). */
export function cut(shape: Shape, full: Resource, select: readonly string[] | undefined): Resource {
  const wanted = select?.filter((name) => hasProperty(shape, name)) ?? shape.byDefault;
  return Object.fromEntries(wanted.map((name) => [name, full[name] ?? emptyOf(name)]));
}

/** The same resource as an app sees it that may not read this type: every property but the id empty. */
export function blinded(resource: Resource): Resource {
  return Object.fromEntries(
    Object.entries(resource).map(([name, value]) =>
      name === "id" || name.startsWith("@") ? [name, value] : [name, emptyOf(name)],
    ),
  );
}
