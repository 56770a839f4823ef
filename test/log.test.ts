import t from "tap";
import { AgentError } from "../src/errors.js";
import { createLog } from "../src/log.js";
import type { Log, LogFormat } from "../src/log.js";
import { printable } from "../src/decide/text.js";
import { redact } from "../src/redact.js";
import { Secret } from "../src/secret.js";

const clock = { now: () => Date.UTC(2026, 10, 21, 12) };

function logged(format: LogFormat, use: (log: Log) => void): string {
  const lines: string[] = [];
  use(createLog({ format, clock, level: "debug", write: (line) => void lines.push(line) }));
  return lines.join("");
}

// Made here, so that no file of the repository holds anything that looks like a secret.
const value = `${"Ab1"}8${"Q~"}${"n0tR3al".repeat(5).slice(0, 34)}`;
const jwt = ["eyJhbGciOiJub25l", "eyJzdWIiOiJub2JvZHki", "c2lnbmF0dXJl"].join(".");
const uuid = "01234567-89ab-cdef-0123-456789abcdef";
const pem = [
  "-----BEGIN ",
  "PRIVATE KEY-----\nMIIabc",
  value,
  "\n-----END ",
  "PRIVATE KEY-----",
].join("");
const plain = "hunter2hunter2";
const HIDDEN = [value, jwt, uuid, plain, "MIIabc"];

const texts = [
  `client_secret=${plain}&grant_type=client_credentials`,
  `client_assertion=${plain}`,
  `body {"client-key":"${plain}","type":"openid"}`,
  `body {\\"client_secret\\":\\"${plain}\\"}`,
  `secretText: '${plain}'`,
  `Authorization: Bearer ${jwt}`,
  `authorization=Basic ${Buffer.from(plain).toString("base64")}${plain}`,
  `Authorization: PVEAPIToken=entra-agent@pve!agent=${uuid}`,
  `PVEAPIToken=entra-agent@pve!agent=${uuid} was refused`,
  `"access_token":"${plain}"`,
  `password=${plain};`,
  `the secret ${value} was refused`,
  `token ${jwt}`,
  pem,
];

t.test("no secret gets through, whatever way it came", async (t) => {
  const secret = new Secret(value);
  const bag = {
    secret,
    authorization: `Bearer ${plain}`,
    headers: { Authorization: plain, "set-cookie": [plain], cookie: plain },
    "client-key": plain,
    client_secret: plain,
    clientSecret: plain,
    realm: { "client-key": plain, nested: [{ secretText: plain }] },
  };
  for (const format of ["json", "line"] as const) {
    for (const text of texts) {
      const output = logged(format, (log) => {
        log.info({}, text);
        log.warn({ text, list: [text], deep: { a: { b: text } } }, "as a field");
        log.child({ text }).error({}, "as a binding");
        const cause = new Error(text, { cause: new Error(text) });
        log.error({ err: new AgentError("PVE_REFUSED", text, { cause }) }, "as an error");
        log.error({ err: cause }, "as a foreign error");
        log.error({ err: new Error("outer", { cause: { text } }) }, "as a strange cause");
      });
      t.match(output, /\[secret\]/);
      for (const hidden of HIDDEN) t.notOk(output.includes(hidden), `${format}: ${redact(text)}`);
    }
    const output = logged(format, (log) => {
      log.info(bag, `${String(secret)}`);
      log.child(bag).info({ bag, list: [bag] }, "again");
    });
    for (const hidden of HIDDEN) t.notOk(output.includes(hidden), `${format}: by name`);
  }
});

t.test("what is no secret stays readable", async (t) => {
  for (const text of [
    "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value.",
    "the realm's client-key was written",
    "expires 2026-11-21T12:00:00Z",
    "group 11111111-1111-1111-1111-111111111111 was read",
    "grant_type=client_credentials&scope=https://graph.microsoft.com/.default",
    "Entra refuses the realm's client secret: nobody can sign in through the realm.",
  ]) {
    t.equal(redact(text), text);
  }
  const output = logged("json", (log) => log.info({ count: 3, ok: true, none: null }, "numbers"));
  t.match(JSON.parse(output), { count: 3, ok: true, none: null });
});

t.test("control and bidi characters are written as what they are", async (t) => {
  const name = "An\u202ena\u0007 \u001b[31mred\u2066\u200b\ufeff\u0085\u007fü日本\u{e0041}\ud800";
  const shown =
    "An\\u202ena\\u0007 \\u001b[31mred\\u2066\\u200b\\ufeff\\u0085\\u007fü日本\\udb40\\udc41\\ud800";
  t.equal(printable(name), shown);
  t.equal(printable("emoji 👩‍💻 and Ωmega"), "emoji 👩\\u200d💻 and Ωmega");
  const evil = `${name}\r\nerror a forged line`;
  for (const format of ["json", "line"] as const) {
    const output = logged(format, (log) => {
      log.info({ name: evil, [`key${evil}`]: 1, realm: evil, code: evil }, evil);
      log.child({ who: evil }).warn({}, "bound");
    });
    t.notMatch(
      output,
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b\ufeff]/,
    );
    t.equal(output.split("\n").length, 3, `${format}: two events are two lines`);
  }
  const [line] = logged("json", (log) => log.info({ name: evil }, "m")).split("\n");
  t.equal((JSON.parse(line ?? "") as { name: string }).name.length, evil.length, "nothing is lost");
});

t.test("JSON: one object a line, with time, level, message and fields", async (t) => {
  const output = logged("json", (log) => {
    log.child({ realm: "entra" }).warn({ code: "GUARD_HELD", held: 12 }, "A mass change is held.");
  });
  t.strictSame(JSON.parse(output), {
    level: "warn",
    time: "2026-11-21T12:00:00.000Z",
    realm: "entra",
    code: "GUARD_HELD",
    held: 12,
    message: "A mass change is held.",
  });
});

t.test("on a terminal: level, message, realm and code, then the rest", async (t) => {
  const output = logged("line", (log) => {
    log.child({ realm: "entra" }).warn({ code: "GUARD_HELD", held: 12 }, "A mass change is held.");
    log.info({}, "begun");
  });
  t.equal(output, "warn  A mass change is held. (entra, GUARD_HELD) held=12\ninfo  begun\n");
});

t.test("an error tells its code and causes; a stack only where it is a bug", async (t) => {
  const cause = new Error("connect ECONNREFUSED", { cause: new Error("socket") });
  const known = logged("json", (log) => {
    log.error({ err: new AgentError("PVE_UNREACHABLE", "no answer", { cause }) }, "failed");
  });
  t.strictSame((JSON.parse(known) as { err: unknown }).err, {
    code: "PVE_UNREACHABLE",
    message: "no answer",
    causes: ["connect ECONNREFUSED", "socket"],
  });
  const bug = logged("json", (log) => log.error({ err: new TypeError("x is not y") }, "failed"));
  t.match(JSON.parse(bug), { err: { message: "x is not y", stack: /log\.test\.ts/ } });
});

t.test("levels below the chosen one are silent", async (t) => {
  const lines: string[] = [];
  const log = createLog({
    clock,
    format: "json",
    level: "warn",
    write: (line) => void lines.push(line),
  });
  log.debug({}, "no");
  log.info({}, "no");
  log.warn({}, "yes");
  log.error({}, "yes");
  t.equal(lines.length, 2);
});
