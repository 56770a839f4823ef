import { request as httpsRequest } from "node:https";
import t from "tap";
import { fixedClock } from "./emulators/common/clock.js";
import { createAuthority } from "./emulators/common/tls.js";
import { type PveEmulator, startPve } from "./emulators/pve/index.js";
import { recording, recordings, WITHOUT_FACTS } from "./support/facts.js";

const EXCHANGES = 383;
/** Some day on which the recordings were made: tokens that had ended then have ended here. */
const RECORDED_AT = Date.UTC(2026, 10, 21, 22);

interface Exchange {
  name: string;
  request: {
    method: string;
    path: string;
    headers: Record<string, string>;
    contentType: string | null;
    body: string | null;
  };
  response: {
    status: number;
    statusMessage: string;
    headers: Record<string, string>;
    body: string;
  };
  userCfgAfter?: string;
  domainsCfgAfter?: string;
}

interface Topic {
  initial: { "user.cfg": string; "domains.cfg": string } | null;
  exchanges: Exchange[];
}

interface Answer {
  status: number;
  reason: string;
  contentType: string | undefined;
  body: string;
}

/** What the recorder put in place of secrets: nothing else in any exchange is left out of the comparison. */
const PLACEHOLDERS: Record<string, string[]> = {
  "auth: ticket: login ok": ["ticket", "CSRFPreventionToken"],
  "auth: token: POST /access/users/{id}/token by the token itself": ["value"],
};

/** Lists that PVE makes from a hash come in any order. */
const UNORDERED = /\/access\/(?:groups|acl|roles|domains)$|\/token$/;

/** A long body was recorded as its beginning and its length: the rest is its last character. */
function filled(text: string): string {
  return text.replace(/^([\s\S]*)…\((\d+) bytes\)/, (_all, start: string, bytes: string) =>
    start.padEnd(Number(bytes), start.at(-1)),
  );
}

function send(pve: PveEmulator, { request }: Exchange, headers: object): Promise<Answer> {
  const { hostname, port } = new URL(pve.url);
  const body = request.body === null ? undefined : Buffer.from(filled(request.body));
  const type = request.contentType === null ? {} : { "Content-Type": request.contentType };
  const length = body ? { "Content-Length": body.length } : {};
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      {
        hostname,
        port,
        path: request.path,
        method: request.method,
        ca: pve.caPem,
        agent: false,
        headers: { ...headers, ...type, ...length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            // The reason phrase is bytes; the recorder read them as UTF-8.
            reason: Buffer.from(response.statusMessage ?? "", "latin1").toString("utf8"),
            contentType: response.headers["content-type"],
            body: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The recorder wrote placeholders for ticket and CSRF token; what the emulator gave out stands in their place. */
function realHeaders(recorded: Record<string, string>, login: Record<string, string>): object {
  const entries = Object.entries(recorded).map(([name, value]) => {
    const stand = name === "CSRFPreventionToken" ? login.CSRFPreventionToken : login.ticket;
    return [name, stand ? value.replace("PLACEHOLDER-TICKET", encodeURIComponent(stand)) : value];
  });
  const headers = Object.fromEntries(entries) as Record<string, string>;
  const csrf = headers.CSRFPreventionToken;
  if (csrf !== undefined) headers.CSRFPreventionToken = decodeURIComponent(csrf);
  return headers;
}

const keyOf = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** A body to compare: keys in order, lists without an order of their own sorted, placeholders left out. */
function comparable(text: string, path: string, cut: string[]): unknown {
  if (!text.startsWith("{")) return text;
  const body = JSON.parse(text) as { data?: unknown };
  const { data } = body;
  if (Array.isArray(data) && UNORDERED.test(path.split("?")[0] ?? "")) {
    data.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  } else if (typeof data === "object" && data !== null) {
    const record = data as Record<string, unknown>;
    if (Array.isArray(record.members)) record.members.sort();
    for (const name of cut) if (name in record) record[name] = "(left out)";
  }
  return body;
}

/** Every token of the recordings had the same stand-in for a secret. */
function placeholderSecrets(userCfg: string): Record<string, string> {
  const ids = [...userCfg.matchAll(/^token:([^:]+):/gm)].map((match) => match[1] ?? "");
  return Object.fromEntries(ids.map((id) => [id, "PLACEHOLDER"]));
}

const topics = recordings()
  .map((file) => ({ name: file.replace(/\.json$/, ""), topic: recording<Topic>(file) }))
  .filter(({ topic }) => topic.initial && topic.exchanges);

const authority = await createAuthority("recordings");
let matching = 0;
let total = 0;

for (const { name, topic } of topics) {
  await t.test(`${name}: every answer is the real PVE's`, async (t) => {
    const { initial } = topic;
    if (!initial) throw new Error(`${name} has no initial files`);
    const pve = await startPve({
      userCfg: initial["user.cfg"],
      domainsCfg: initial["domains.cfg"],
      clock: fixedClock(RECORDED_AT),
      authority,
      tokenSecrets: placeholderSecrets(initial["user.cfg"]),
      passwords: { "admin@pve": "Adm1n-secret" },
    });
    t.teardown(() => pve.close());
    let userCfg = initial["user.cfg"];
    let domainsCfg = initial["domains.cfg"];
    let login: Record<string, string> = {};
    for (const exchange of topic.exchanges) {
      const { request, response } = exchange;
      const cut = PLACEHOLDERS[`${name}: ${exchange.name}`] ?? [];
      const answer = await send(pve, exchange, realHeaders(request.headers, login));
      if (cut.includes("ticket")) {
        login = (JSON.parse(answer.body) as { data: Record<string, string> }).data;
      }
      userCfg = exchange.userCfgAfter ?? userCfg;
      domainsCfg = exchange.domainsCfgAfter ?? domainsCfg;
      const same = t.strictSame(
        {
          status: answer.status,
          reason: answer.reason,
          contentType: answer.contentType,
          body: comparable(answer.body, request.path, cut),
          userCfg: pve.userCfg(),
          domainsCfg: pve.domainsCfg(),
        },
        {
          status: response.status,
          reason: response.statusMessage,
          contentType: response.headers["content-type"],
          body: comparable(response.body, request.path, cut),
          userCfg,
          domainsCfg,
        },
        exchange.name,
      );
      total += 1;
      if (same) matching += 1;
    }
  });
}

if (WITHOUT_FACTS === false) t.comment(`recordings: ${matching} of ${EXCHANGES} match`);
t.test("every exchange was replayed, and matched", { skip: WITHOUT_FACTS }, async (t) => {
  t.equal(total, EXCHANGES, "every exchange with initial files was replayed");
  t.equal(matching, EXCHANGES, "and each one matched");
});
