import { createHash } from "node:crypto";
import type { JWTPayload } from "jose";
import { groupsOf } from "../membership.js";
import type { View } from "../replica.js";
import type { Service } from "../service.js";
import type { Application, OptionalClaim, User } from "../tables.js";

/** Above so many groups a JWT carries a pointer instead of the list. */
const GROUPS_LIMIT = 200;

/** The subject of a person for one app: no other app sees the same (pairwise). */
export function pairwiseSubject(appId: string, userId: string): string {
  return createHash("sha256").update(`${appId} ${userId}`).digest("base64url");
}

/** The name that a guest signs in with at home. */
function homeName(user: User): string {
  const [local = ""] = user.userPrincipalName.split("#EXT#");
  return user.mail ?? local.replace(/_([^_]*)$/, "@$1");
}

function upnClaim(user: User, claim: OptionalClaim): JWTPayload {
  if (user.userType === "Member") return { upn: user.userPrincipalName };
  const asStored = claim.additionalProperties.includes("include_externally_authenticated_upn");
  return asStored ? { upn: user.userPrincipalName } : {};
}

function optionalClaims(user: User, app: Application): JWTPayload {
  let claims: JWTPayload = {};
  for (const claim of app.idTokenClaims) {
    if (claim.name === "upn") claims = { ...claims, ...upnClaim(user, claim) };
    if (claim.name === "given_name" && user.givenName !== null) claims.given_name = user.givenName;
    if (claim.name === "family_name" && user.surname !== null) claims.family_name = user.surname;
    if (claim.name === "email" && user.mail !== null) claims.email = user.mail;
  }
  return claims;
}

function groupClaims(service: Service, view: View, user: User, app: Application): JWTPayload {
  if (app.groupMembershipClaims === null || app.groupMembershipClaims === "None") return {};
  const groups = [...groupsOf(view, user.id)].sort();
  if (groups.length === 0) return {};
  if (groups.length <= GROUPS_LIMIT) return { groups };
  const endpoint = `${service.graphUrl}/v1.0/users/${user.id}/getMemberObjects`;
  return { _claim_names: { groups: "src1" }, _claim_sources: { src1: { endpoint } } };
}

/** What an ID token says of a person, dates and issuer aside. */
export function identityClaims(
  service: Service,
  view: View,
  user: User,
  app: Application,
  scopes: ReadonlySet<string>,
): JWTPayload {
  const profile: JWTPayload = scopes.has("profile")
    ? {
        name: user.displayName,
        preferred_username: user.userType === "Guest" ? homeName(user) : user.userPrincipalName,
        oid: user.id,
      }
    : {};
  const email: JWTPayload = scopes.has("email") && user.mail !== null ? { email: user.mail } : {};
  return {
    sub: pairwiseSubject(app.appId, user.id),
    tid: service.tenantId,
    ver: "2.0",
    ...profile,
    ...email,
    ...optionalClaims(user, app),
    ...groupClaims(service, view, user, app),
  };
}
