/**
 * What the emulated directory knows. Each row is one fact that replicates on its own; rows are
 * never changed in place, a change writes a new row.
 */

export interface User {
  id: string;
  userPrincipalName: string;
  displayName: string;
  givenName: string | null;
  surname: string | null;
  mail: string | null;
  accountEnabled: boolean;
  userType: "Member" | "Guest";
  createdDateTime: string;
}

export interface Group {
  id: string;
  displayName: string;
  description: string | null;
  /** `["Unified"]` for a Microsoft 365 group, `["DynamicMembership"]` for one that follows a rule. */
  groupTypes: string[];
  mailNickname: string;
  visibility: "Private" | "Public" | "HiddenMembership" | null;
  isAssignableToRole: boolean | null;
  createdDateTime: string;
}

export interface Device {
  id: string;
  displayName: string;
  deviceId: string;
  accountEnabled: boolean;
}

export interface OptionalClaim {
  name: string;
  source: string | null;
  essential: boolean;
  additionalProperties: string[];
}

export interface Application {
  id: string;
  appId: string;
  displayName: string;
  createdDateTime: string;
  signInAudience: string;
  identifierUris: string[];
  redirectUris: string[];
  /** `SecurityGroup` or `All` puts a groups claim into ID tokens. */
  groupMembershipClaims: string | null;
  idTokenClaims: OptionalClaim[];
  requiredResourceAccess: unknown[];
  tags: string[];
  notes: string | null;
  description: string | null;
}

export interface AppRole {
  id: string;
  value: string;
}

export interface ServicePrincipal {
  id: string;
  appId: string;
  displayName: string;
  accountEnabled: boolean;
  appRoleAssignmentRequired: boolean;
  /** Only the principal of Microsoft Graph has any. */
  appRoles: AppRole[];
  oauth2PermissionScopes: AppRole[];
  tags: string[];
}

/** A client secret. Dates are milliseconds since 1970. */
export interface Secret {
  keyId: string;
  displayName: string | null;
  secretText: string;
  start: number;
  end: number;
}

/** A certificate that an app may sign in with. Dates are milliseconds since 1970. */
export interface Certificate {
  keyId: string;
  displayName: string | null;
  start: number;
  end: number;
  /** DER, base64. */
  der: string;
  /** Base64url of the SHA-1 and the SHA-256 over the DER, as `x5t` and `x5t#S256` carry them. */
  sha1: string;
  sha256: string;
}

export interface AppRoleAssignment {
  id: string;
  appRoleId: string;
  principalId: string;
  resourceId: string;
  createdDateTime: string;
}

export interface PermissionGrant {
  id: string;
  clientId: string;
  consentType: string;
  principalId: string | null;
  resourceId: string;
  scope: string;
}

export interface FederatedCredential {
  id: string;
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
  description: string | null;
}

/** What the recycle bin holds for 30 days. */
export type Deleted = { deletedDateTime: string } & (
  | { kind: "user"; object: User }
  | { kind: "group"; object: Group }
  | { kind: "application"; object: Application }
);

/**
 * The tables, each with what a row of it is. Rows have one or two keys: objects their id and "";
 * relations who holds and what is held (`member`: group, member; `secret`: application, key id;
 * `owner`: application, owner; `appRole`: principal, assignment; …).
 */
export interface Tables {
  user: User;
  group: Group;
  device: Device;
  application: Application;
  servicePrincipal: ServicePrincipal;
  deleted: Deleted;
  member: true;
  secret: Secret;
  certificate: Certificate;
  owner: true;
  appRole: AppRoleAssignment;
  grant: PermissionGrant;
  federated: FederatedCredential;
}

export type Table = keyof Tables;

export const TABLES: readonly Table[] = [
  "user",
  "group",
  "device",
  "application",
  "servicePrincipal",
  "deleted",
  "member",
  "secret",
  "certificate",
  "owner",
  "appRole",
  "grant",
  "federated",
];
