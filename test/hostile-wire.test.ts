/** Answers of any size, pace and form: a coded error in time, little memory, and no token elsewhere. */
import t from "tap";
import type { Test } from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { AgentError } from "../src/errors.js";
import { createNetwork } from "../src/entra/network.js";
import { createAuthority, issueForLoopback } from "./emulators/common/tls.js";
import { never, ownFile, sleepyClock } from "./entra-bed.js";
import { groupsBy, guid, member, startStub } from "./entra-stub.js";
import { foolery } from "./fuzz/hostile-names.js";
import {
  FLOODS,
  LARGE_ANSWERS,
  rawAnswers,
  SLOW_ANSWERS,
  WRONG_ANSWERS,
} from "./fuzz/raw-answers.js";
import type { Answering, RawServer } from "./fuzz/raw-answers.js";
import { clientOf } from "./pve-setup.js";

t.setTimeout(240_000);

const authority = await createAuthority("raw CA");
const certificate = await issueForLoopback(authority);

interface Outcome {
  readonly side: "Graph" | "PVE read" | "PVE write";
  readonly error: unknown;
  readonly server: RawServer;
}

/** The three ways in which an answer reaches us, each with a server of its own. */
async function outcomes(t: Test, answer: Answering, timeoutMs: number): Promise<Outcome[]> {
  const caFile = ownFile(t, "ca.pem", authority.caPem);
  const thrownBy = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      (value) => value,
      (thrown: unknown) => thrown,
    );
  const graph = await rawAnswers(t, certificate, answer);
  const network = createNetwork({
    clock: sleepyClock(),
    origins: [graph.url],
    caFile,
    env: {},
    timeoutMs,
  });
  t.teardown(() => network.close());
  const headers = { authorization: "Bearer made-up-token-of-a-test" };
  const outgoing = { method: "GET", url: new URL("/v1.0/x", graph.url), headers } as const;
  const limits = { readTimeoutMs: timeoutMs, writeTimeoutMs: timeoutMs };
  const pve = async (side: "PVE read" | "PVE write"): Promise<Outcome> => {
    const server = await rawAnswers(t, certificate, answer);
    const { port } = clientOf(t, server.url, authority.caPem, {}, { limits });
    const work =
      side === "PVE read"
        ? port.nodes(never)
        : port.write({ kind: "delete-group", group: "g" }, undefined, never);
    return { side, error: await thrownBy(work), server };
  };
  return [
    { side: "Graph", error: await thrownBy(network.exchange(outgoing, never)), server: graph },
    await pve("PVE read"),
    await pve("PVE write"),
  ];
}

function coded(t: Test, name: string, { side, error }: Outcome): void {
  if (!(error instanceof AgentError)) {
    t.fail(`${name}: ${side} is no coded error`, { error });
    return;
  }
  t.not(error.code, "INTERNAL", `${name}: ${side} is ${error.code}`);
  t.equal(foolery(error.message), undefined, error.message);
  t.ok(error.message.length < 1500 && !/made-up-token|emulated-token/.test(error.message));
}

t.test("answers that are too large are cut off at a limit, and memory stays flat", async (t) => {
  for (const [name, answer] of Object.entries(LARGE_ANSWERS)) {
    const before = process.memoryUsage().rss;
    for (const one of await outcomes(t, answer, 60_000)) {
      coded(t, name, one);
      t.ok(
        one.server.sent() < 64 * 1024 * 1024,
        `${name}: ${one.side} took ${one.server.sent()} bytes`,
      );
    }
    t.ok(process.memoryUsage().rss - before < 300 * 1024 * 1024, "memory");
  }
});

t.test("floods that nobody counts end with the time, and memory stays flat", async (t) => {
  for (const [name, answer] of Object.entries(FLOODS)) {
    const before = process.memoryUsage().rss;
    for (const one of await outcomes(t, answer, 200)) coded(t, name, one);
    t.ok(process.memoryUsage().rss - before < 300 * 1024 * 1024, "memory");
  }
});

t.test("answers that never end are given up after the time over the whole exchange", async (t) => {
  for (const [name, answer] of Object.entries(SLOW_ANSWERS)) {
    for (const one of await outcomes(t, answer, 300)) {
      coded(t, name, one);
      const code =
        one.side === "Graph"
          ? "ENTRA_UNREACHABLE"
          : one.side === "PVE read"
            ? "PVE_UNREACHABLE"
            : "PVE_OUTCOME_UNKNOWN";
      t.match(one.error, { code }, `${name}: ${one.side}`);
      t.ok(one.server.asked.length <= 2, "and hardly asked again");
    }
  }
});

t.test("answers that are no HTTP, or lie about themselves", async (t) => {
  for (const [name, answer] of Object.entries(WRONG_ANSWERS)) {
    for (const one of await outcomes(t, answer, 5_000)) {
      // What is whole and not ours to judge here goes up as it came; JSON.parse judges it there.
      if (one.side === "Graph" && !(one.error instanceof Error)) {
        const { status, text } = one.error as { status: number; text: string };
        t.ok(!(status >= 300 && status < 400), `${name}: no redirect is handed up`);
        t.ok(text.length < 1_000_000, `${name}: nothing is unpacked`);
      } else if (one.error !== undefined || name !== LENIENT) coded(t, name, one);
      const write = one.side === "PVE write" ? 1 : 2;
      t.ok(
        one.server.asked.length <= write,
        `${name}: ${one.side} asked ${one.server.asked.length} times`,
      );
      t.notMatch(one.server.asked.join(), /accept-encoding/i, "we never ask for compression");
    }
  }
});

/** To its end a body like any other, so that PVE's 200 counts. */
const LENIENT = "an unknown transfer-encoding";

const HOSTS: readonly (readonly [name: string, link: (ours: URL, other: URL) => string])[] = [
  ["another host", (_, other) => `${other.origin}/v1.0/x`],
  ["our host as user-info", (ours, other) => `https://${ours.host}@${other.host}/v1.0/x`],
  [
    "our host and a password as user-info",
    (ours, other) => `https://${ours.hostname}:1@${other.host}/`,
  ],
  ["user-info at our host", (ours) => `https://a@${ours.host}/v1.0/x`],
  ["a password alone at our host", (ours) => `https://:b@${ours.host}/v1.0/x`],
  ["backslashes", (_, other) => `https:\\\\${other.host}\\v1.0\\x`],
  ["a backslash before our host", (ours, other) => `https://${other.host}\\@${ours.host}/`],
  ["a question mark before our host", (ours, other) => `https://${other.host}?@${ours.host}/`],
  ["a hash before our host", (ours, other) => `https://${other.host}#@${ours.host}/`],
  ["no scheme", (_, other) => `//${other.host}/v1.0/x`],
  ["a path alone", () => "/v1.0/x"],
  ["plain http", (ours) => `http://${ours.host}/v1.0/x`],
  ["another port", (ours) => `https://${ours.hostname}:1/v1.0/x`],
  ["no port", (ours) => `https://${ours.hostname}/v1.0/x`],
  ["a trailing dot", (ours) => `https://${ours.hostname}.:${ours.port}/v1.0/x`],
  ["IPv6", (ours) => `https://[::1]:${ours.port}/v1.0/x`],
  ["IPv4 within IPv6", (ours) => `https://[::ffff:127.0.0.1]:${ours.port}/v1.0/x`],
  ["an address as one number", (_, other) => `https://2130706433:${other.port}/v1.0/x`],
  ["a host that begins as ours", (ours) => `https://${ours.hostname}.example.test:${ours.port}/`],
  ["a host that ends as ours", (ours) => `https://x.${ours.host}/`],
  ["a letter that looks alike", (ours) => `https://loc\u0430lhost:${ours.port}/`],
  ["white space within", (_, other) => `https://\t${other.host}\n/v1.0/x`],
  ["a blob of our origin", (ours) => `blob:${ours.origin}/x`],
  ["a file", () => "file:///etc/passwd"],
  ["a script", () => "javascript:alert(1)"],
  ["data", () => 'data:application/json,{"value":[]}'],
  ["nothing", () => ""],
  ["no URL", () => "https://"],
];

t.test(
  "a next link anywhere but to Graph's own origin is refused, and nobody there is asked",
  async (t) => {
    const group = guid(900) as ObjectId;
    const other = await startStub(t, () => ({ body: { value: [] } }));
    for (const [name, link] of HOSTS) {
      const stub = await startStub(
        t,
        groupsBy(() => ({
          body: {
            value: [member(1)],
            "@odata.nextLink": link(new URL(stub.url), new URL(other.url)),
          },
        })),
      );
      const { groups } = await stub.entra.directory.readGroups([group], never);
      const finding = { code: /^ENTRA_(FOREIGN_HOST|BAD_ANSWER)$/ };
      t.match(groups.get(group), { ok: false, finding }, name);
      t.equal(stub.asked.length, 2, `${name}: the facts and the first page`);
    }
    t.equal(other.asked.length, 0, "the other host heard nothing");
  },
);

t.test("our own origin in capitals is our own origin", async (t) => {
  const group = guid(900) as ObjectId;
  const stub = await startStub(
    t,
    groupsBy((_, nth) => ({
      body:
        nth === 1
          ? {
              value: [member(1)],
              "@odata.nextLink": `${stub.url.replace("https://localhost", "HTTPS://LOCALHOST")}/v1.0/2`,
            }
          : { value: [member(2)] },
    })),
  );
  const { groups } = await stub.entra.directory.readGroups([group], never);
  t.match(groups.get(group), { ok: true, members: new Set([guid(1), guid(2)]) });
});

t.test(
  "redirects to another host or the same, with a body or none: the token stays here",
  async (t) => {
    const other = await startStub(t, () => ({ body: { value: [] } }));
    for (const status of [300, 301, 302, 303, 307, 308]) {
      for (const body of [undefined, { value: [member(1)] }]) {
        for (const to of [`${other.url}/v1.0/x`, "/v1.0/x"]) {
          const reply = { status, headers: { location: to }, ...(body && { body }) };
          const stub = await startStub(t, () => reply);
          await t.rejects(
            stub.entra.ssoApp(guid(5)).read(never),
            { code: "ENTRA_FOREIGN_HOST" },
            `${status} ${to}`,
          );
          t.equal(stub.asked.length, 1);
        }
      }
    }
    t.equal(other.asked.length + other.signIns.length, 0);
  },
);
