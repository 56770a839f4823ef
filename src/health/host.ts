/** Under which name a client asks for us. */
import { isIP } from "node:net";

/**
 * Whether a `Host` header names an IP address or `localhost`. A browser that a hostile page sends
 * to us by a name of its own (DNS rebinding) gives that name here, and would let the page read the
 * answer; nobody can make an address or `localhost` their own. Without a header (HTTP/1.0) it is
 * no browser.
 */
export function isLiteralHost(header: string | undefined): boolean {
  if (header === undefined) return true;
  const host = header.replace(/:\d{0,5}$/, "");
  if (host.toLowerCase() === "localhost") return true;
  const bracketed = /^\[(.+)\]$/.exec(host)?.[1];
  return bracketed === undefined ? isIP(host) === 4 : isIP(bracketed) === 6;
}
