import { AgentError } from "../errors.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL, or undefined for a direct connection. The configuration's proxy stands in
 * place of `HTTPS_PROXY` and `NO_PROXY`; loopback is never sent to a proxy. The result may carry a
 * password: show `proxyName` of it.
 */
export function proxyFor(
  url: URL,
  configured: string | undefined,
  env: Environment,
): URL | undefined {
  if (isLoopback(url)) return undefined;
  if (configured !== undefined) return parseProxy(configured, "entra.proxy");
  const named = env.HTTPS_PROXY ?? env.https_proxy ?? "";
  if (named === "" || isExempt(url, env.NO_PROXY ?? env.no_proxy ?? "")) return undefined;
  return parseProxy(named, "HTTPS_PROXY");
}

/** The proxy without user and password. */
export function proxyName(proxy: URL): string {
  return `${proxy.protocol}//${proxy.host}`;
}

/** Whether a URL stays on this machine. */
export function isLoopback(url: URL): boolean {
  const host = url.hostname;
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** The rejected text is not repeated, nor kept as a cause: a password may be in it. */
function parseProxy(text: string, source: string): URL {
  const full = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new AgentError("CONFIG_INVALID", `${source} is not an http or https URL`);
  }
  return url;
}

/** `NO_PROXY`: hosts, domains (with or without a leading dot), each with a port or not, or `*`. */
function isExempt(url: URL, list: string): boolean {
  const port = url.port === "" ? "443" : url.port;
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      const [, name = "", onlyPort] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (name === "*") return true;
      const domain = name.replace(/^\*?\./, "");
      const matches = url.hostname === domain || url.hostname.endsWith(`.${domain}`);
      return matches && (onlyPort === undefined || onlyPort === port);
    });
}
