import type { AppRole } from "./tables.js";

/** Microsoft Graph's own app id, the same in every tenant. */
export const GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000";

/** Application permissions of Microsoft Graph that the emulator tells apart (Graph permissions reference). */
export const APPLICATION_ROLES = {
  "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
  "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
  "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
  "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
  "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
  "Device.Read.All": "7438b122-aefc-4978-80ed-43db9fcc7715",
  "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
  "Group.Read.All": "5b567255-7703-4780-807c-7be8301ae99b",
  "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
  "Member.Read.Hidden": "658aa5d8-239f-45c4-aa12-864f4fc7e490",
  "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
  "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
  "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
} as const;

/** The name of an application permission of Microsoft Graph. */
export type Role = keyof typeof APPLICATION_ROLES;

/** Delegated permissions of Microsoft Graph. */
export const DELEGATED_SCOPES = {
  openid: "37f7f235-527c-4136-accd-4a02d197296e",
  profile: "14dad69e-099b-42c9-810b-d002981feec1",
  email: "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
} as const;

function asRoles(values: Record<string, string>): AppRole[] {
  return Object.entries(values).map(([value, id]) => ({ id, value }));
}

export const GRAPH_APP_ROLES: AppRole[] = asRoles(APPLICATION_ROLES);
export const GRAPH_SCOPES: AppRole[] = asRoles(DELEGATED_SCOPES);

/** Whether this is a permission that the emulator knows. */
export function isRole(name: string): name is Role {
  return Object.hasOwn(APPLICATION_ROLES, name);
}

/** The role of that id, if it is one of Microsoft Graph's that the emulator knows. */
export function roleOfId(id: string): Role | undefined {
  const found = Object.entries(APPLICATION_ROLES).find(([, roleId]) => roleId === id);
  return found?.[0] as Role | undefined;
}
