import type { Directory } from "./directory.js";
import { secretResource } from "./graph/resources.js";

/** The whole truth for people to look at; secrets without their text. */
export function dump(directory: Directory): object {
  const { truth } = directory;
  return {
    users: truth.rows("user"),
    groups: truth.rows("group").map((group) => ({
      ...group,
      members: [...truth.held("member", group.id).keys()],
    })),
    applications: truth.rows("application").map((app) => ({
      ...app,
      secrets: [...truth.held("secret", app.id).values()].map((secret) => ({
        ...secretResource(secret),
        knownEverywhere: directory.agreed("secret", app.id, secret.keyId),
      })),
      owners: [...truth.held("owner", app.id).keys()],
    })),
    servicePrincipals: truth.rows("servicePrincipal").map((principal) => ({
      id: principal.id,
      appId: principal.appId,
      displayName: principal.displayName,
      accountEnabled: principal.accountEnabled,
      roles: [...truth.held("appRole", principal.id).values()].map((row) => row.appRoleId),
    })),
    deleted: truth.rows("deleted"),
  };
}
