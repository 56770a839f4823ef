import { AgentError } from "../errors.js";
import type { Graph } from "./graph.js";

/** More pages than any directory has: whoever sends them is sending us round in circles. */
const MOST_PAGES = 2_000;

/**
 * Reads a collection page by page, each page's `value` as it comes. Throws ENTRA_FOREIGN_HOST for a
 * `nextLink` off Graph's own origin, ENTRA_BAD_ANSWER for a page that is none, a link that comes
 * again, or too many, and whatever `Graph.get` throws. Only a whole run through counts.
 */
export async function* pages(
  graph: Graph,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[], void> {
  const seen = new Set<string>();
  let target: string | URL = path;
  for (let read = 1; read <= MOST_PAGES; read += 1) {
    const page = pageOf(await graph.get(target, signal), path);
    yield page.value;
    if (page.nextLink === undefined) return;
    if (seen.has(page.nextLink)) throw bad(path, "gave the same next page twice");
    seen.add(page.nextLink);
    target = followable(page.nextLink, graph.origin);
  }
  throw bad(path, `has more than ${MOST_PAGES} pages`);
}

function pageOf(
  body: unknown,
  path: string,
): { readonly value: readonly unknown[]; readonly nextLink?: string } {
  if (typeof body !== "object" || body === null || !("value" in body)) {
    throw bad(path, "gave a page without a list");
  }
  if (!Array.isArray(body.value)) throw bad(path, "gave a page whose value is no list");
  if (!("@odata.nextLink" in body)) return { value: body.value };
  const nextLink = body["@odata.nextLink"];
  if (typeof nextLink !== "string") throw bad(path, "gave a next link that is no text");
  return { value: body.value, nextLink };
}

/** The token goes along with every request, so a link elsewhere would give it away. */
function followable(link: string, origin: string): URL {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  if (url === undefined) throw new AgentError("ENTRA_BAD_ANSWER", "a next link is no URL");
  if (url.protocol === "https:" && url.origin === origin && !hasUserInfo(url)) return url;
  const message = `a next link leads to ${url.origin}, which is not ${origin}`;
  throw new AgentError("ENTRA_FOREIGN_HOST", message);
}

function hasUserInfo({ username, password }: URL): boolean {
  return username !== "" || password !== "";
}

function bad(path: string, what: string): AgentError {
  return new AgentError("ENTRA_BAD_ANSWER", `GET ${path.split("?")[0] ?? path} ${what}`);
}
