import type { ObjectId } from "../decide/facts.js";

const GUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/**
 * An object id as we keep it (lower case), or undefined where this is no GUID. Ids go into paths
 * and lists: one malformed id fails a whole `checkMemberGroups` (FACTS-entra), so it never leaves.
 */
export function toObjectId(value: unknown): ObjectId | undefined {
  if (typeof value !== "string") return undefined;
  const lower = value.toLowerCase();
  return GUID.test(lower) ? (lower as ObjectId) : undefined;
}
