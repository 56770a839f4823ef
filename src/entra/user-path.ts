import type { Question } from "../decide/facts.js";
import { PERSON_FIELDS } from "./shapes.js";

type Who = Question["who"];

/**
 * The path that reads one person's own object. By name it goes through a filter where a path could
 * be taken for something else: `/users/delta` is a function, `/users/$x` is refused, and `/` parts
 * a path even when it is encoded.
 */
export function userPath(who: Who): string {
  if (who.by === "id") return `/users/${who.id}?$select=${PERSON_FIELDS}`;
  if (!isListed(who)) return `/users/${encodeInPath(who.value)}?$select=${PERSON_FIELDS}`;
  const filter = encodeURIComponent(`${who.by} eq '${who.value.replaceAll("'", "''")}'`);
  return `/users?$filter=${filter}&$select=${PERSON_FIELDS}&$top=2`;
}

/** Whether the answer is a list. */
export function isListed(who: Who): boolean {
  if (who.by === "id") return false;
  return who.by === "mail" || !/^[^$/\\@][^/\\@]*@[^/\\@]+$/.test(who.value);
}

/** `#` of a guest's name would end the path, and `'` a key in it; the usual encoding leaves `'`. */
function encodeInPath(value: string): string {
  return encodeURIComponent(value).replaceAll("'", "%27");
}
