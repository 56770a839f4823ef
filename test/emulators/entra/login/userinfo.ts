import type { Answer, Incoming, Service } from "../service.js";

/**
 * UserInfo lives on Graph's host and cannot be customised: sub, names, email and picture only
 * (Microsoft: "UserInfo endpoint").
 */
export async function userInfo(service: Service, request: Incoming): Promise<Answer> {
  const bearer = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const claims = service.key.open(bearer);
  const now = service.clock.now() / 1000;
  const scopes = typeof claims?.scp === "string" ? claims.scp.split(" ") : [];
  const user = service.directory
    .view()
    .get("user", typeof claims?.oid === "string" ? claims.oid : "");
  if (!claims || !user || now >= (claims.exp ?? 0) || !scopes.includes("openid")) {
    return {
      status: 401,
      headers: { "www-authenticate": 'Bearer error="invalid_token"' },
      body: {
        error: { code: "InvalidAuthenticationToken", message: "Access token validation failure." },
      },
    };
  }
  const body: Record<string, unknown> = { sub: claims.sub };
  if (scopes.includes("profile")) {
    Object.assign(body, {
      name: user.displayName,
      picture: `${service.graphUrl}/v1.0/me/photo/$value`,
    });
    if (user.givenName !== null) body.given_name = user.givenName;
    if (user.surname !== null) body.family_name = user.surname;
  }
  if (scopes.includes("email") && user.mail !== null) body.email = user.mail;
  return { status: 200, headers: {}, body };
}
