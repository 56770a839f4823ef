/**
 * The belt beside the braces: values that must stay secret are `Secret`s and cannot be printed.
 * This catches what came in as plain text, say in the message of a library's error.
 */
export const MASK = "[secret]";

/** Names whose value is never shown, compared without case, `-` and `_`. */
const SECRET_NAMES = new Set([
  "authorization",
  "proxyauthorization",
  "cookie",
  "setcookie",
  "csrfpreventiontoken",
  "clientkey",
  "clientsecret",
  "clientassertion",
  "secrettext",
  "accesstoken",
  "refreshtoken",
  "idtoken",
  "assertion",
  "password",
  "privatekey",
  "token",
  "tokenvalue",
  "secret",
]);

/** Whether a field of this name is kept out of everything that is written. */
export function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.toLowerCase().replace(/[-_\s]/g, ""));
}

const NAMES = [
  "proxy[-_]?authorization",
  "authorization",
  "set-cookie",
  "cookie",
  "csrfpreventiontoken",
  "client[-_]?(?:key|secret|assertion)(?!_type)",
  "secret[-_]?text",
  "(?:access|refresh|id)[-_]?token",
  "assertion",
  "password",
].join("|");

const PATTERNS: readonly [RegExp, string][] = [
  [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    `-----BEGIN PRIVATE KEY----- ${MASK}`,
  ],
  [/\b(PVEAPIToken[=:]\s*[^\s=:!]+![^\s=:]+[=:])[^\s"',;]+/gi, `$1${MASK}`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${MASK}`],
  // `name=value`, `name: value`, `"name":"value"`, also with its quotes escaped, however often.
  [
    new RegExp(
      `(\\b(?:${NAMES})\\\\*["']?\\s*[:=]\\s*)` +
        `(?!(?:Bearer|Basic|PVEAPIToken)\\b)(?:\\\\*"[^"\\\\]*\\\\*"|'[^']*'|[^\\s"'&,;}\\]]+)`,
      "gi",
    ),
    `$1${MASK}`,
  ],
  // The shape of Entra's client secrets: three characters, a digit, `Q~`, and 31 to 34 more.
  [/[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}/g, MASK],
];

/**
 * The text without what looks like a secret, a token, a private key or an authorization. Takes time
 * in proportion to the text, whatever it says: comments and names that others wrote come here.
 */
export function redact(text: string): string {
  const masked = PATTERNS.reduce((rest, [pattern, mask]) => rest.replace(pattern, mask), text);
  return masked.replace(/[A-Za-z0-9_.-]{20,}/g, withoutTokens);
}

/** The first part of a signed token: `{"` in base64url, where a word begins. */
const TOKEN_START = /\beyJ[A-Za-z0-9_-]{8,}$/;
const LEAST_OF_A_PART = 8;

/**
 * Signed tokens (header, payload, signature, dots between) in one run of their characters. One
 * pattern for the whole would read the rest of the run anew from each `eyJ` in it.
 */
function withoutTokens(run: string): string {
  if (!run.includes("eyJ")) return run;
  const parts = run.split(".");
  const shown: string[] = [];
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at] ?? "";
    const start = (parts[at + 1] ?? "").length < LEAST_OF_A_PART ? -1 : part.search(TOKEN_START);
    shown.push(start < 0 ? part : `${part.slice(0, start)}${MASK}`);
    // The payload and the signature go with it.
    if (start >= 0) at += 2;
  }
  return shown.join(".");
}

const DEPTH = 8;

/** The same for plain data of any shape: fields by their name, texts by their look. */
export function redactDeep(value: unknown, depth: number = DEPTH): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "[too deep]";
  if (hasToJson(value)) return redactDeep(value.toJSON(), depth - 1);
  if (value instanceof Error) return redactDeep({ ...value, message: value.message }, depth - 1);
  if (value instanceof Map) return redactDeep(Object.fromEntries(value), depth);
  if (value instanceof Set || Array.isArray(value)) {
    return [...(value as Iterable<unknown>)].map((item) => redactDeep(item, depth - 1));
  }
  const shown = Object.entries(value).map(([name, field]) => [
    name,
    isSecretName(name) && field !== null && field !== undefined
      ? MASK
      : redactDeep(field, depth - 1),
  ]);
  return Object.fromEntries(shown) as unknown;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}
