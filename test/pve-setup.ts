/** An emulated PVE and our port to it, for the tests of `src/pve/`. */
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/clock.js";
import type { PveConfig } from "../src/config/types.js";
import type { UserId } from "../src/decide/facts.js";
import type { Write } from "../src/decide/plan.js";
import { AgentError } from "../src/errors.js";
import { createPve } from "../src/pve/index.js";
import type { Pve, PveDeps, RequestNote } from "../src/pve/index.js";
import type { IssuedCertificate } from "./emulators/common/tls.js";
import { AGENT_TOKEN, startPve } from "./emulators/pve/index.js";
import type { PveEmulator, PveOptions } from "./emulators/pve/index.js";
import { ENV } from "./support/machine.js";

export const TOKEN_VALUE = "emulated-token-value-of-the-agent";

export interface Client {
  readonly port: Pve;
  readonly config: PveConfig;
  /** Everything that was logged, as one text. */
  readonly logged: () => string;
  readonly notes: RequestNote[];
}

export interface SetUp extends Client {
  readonly pve: PveEmulator;
  /** Another port to the same PVE, with something changed. */
  readonly client: (change?: Partial<PveConfig>, deps?: Partial<PveDeps>) => Client;
}

/** What this needs of a test. */
interface Tap {
  teardown(after: () => Promise<unknown>): void;
  testdir(content: Record<string, string>): string;
}

export const { signal } = new AbortController();
export const uid = (text: string): UserId => text as UserId;

/** A running emulator with the agent's token, and a port that trusts its CA. All ends with the test. */
export async function setUp(t: Tap, options: PveOptions = {}): Promise<SetUp> {
  const pve = await startPve({ tokenSecrets: { [AGENT_TOKEN]: TOKEN_VALUE }, ...options });
  t.teardown(() => pve.close());
  const make = (change: Partial<PveConfig> = {}, deps: Partial<PveDeps> = {}): Client =>
    clientOf(t, pve.url, pve.caPem, change, deps);
  return { pve, client: make, ...make() };
}

/** A port to any server, trusting `caPem` beside the system's CAs. */
export function clientOf(
  t: Tap,
  url: string,
  caPem: string | undefined,
  change: Partial<PveConfig> = {},
  deps: Partial<PveDeps> = {},
): Client {
  const folder = t.testdir({});
  const config: PveConfig = {
    url,
    tokenId: AGENT_TOKEN,
    tokenFile: keep(folder, "pve-token", TOKEN_VALUE),
    ...(caPem === undefined ? {} : { caFile: keep(folder, "ca.pem", caPem) }),
    ...change,
  };
  const lines: string[] = [];
  const log = (fields: object, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const notes: RequestNote[] = [];
  const port = createPve(config, {
    clock: systemClock,
    log: { debug: log, warn: log },
    onRequest: (note) => void notes.push(note),
    env: ENV,
    ...deps,
  });
  t.teardown(() => port.close());
  return { port, config, notes, logged: () => lines.join("\n") };
}

function keep(folder: string, name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content, { mode: 0o600 });
  chmodSync(file, 0o600);
  return file;
}

/** Why it failed, or a failure of the test. */
export async function failure(doing: Promise<unknown>): Promise<AgentError> {
  try {
    await doing;
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

/** A write of each kind, each of which the world of `EVERY_WRITE_WORLD` takes. */
export const EVERY_WRITE: readonly Write[] = [
  { kind: "create-user", userid: uid("new@x.com@entra"), fields: {}, groups: ["admins"] },
  {
    kind: "update-user",
    userid: uid("anna@x.com@entra"),
    fields: { enable: false },
    join: ["admins"],
    leave: [],
  },
  { kind: "delete-user", userid: uid("bert@x.com@entra") },
  { kind: "create-group", group: "new", comment: "new" },
  { kind: "update-group", group: "admins", comment: "changed" },
  { kind: "delete-group", group: "old" },
  {
    kind: "acl",
    path: "/vms/100",
    role: "PVEVMUser",
    propagate: true,
    groups: ["admins"],
    delete: false,
  },
];

/** Lines of user.cfg for `EVERY_WRITE`. */
export const EVERY_WRITE_WORLD = [
  "user:anna@x.com@entra:1:0::::::",
  "user:bert@x.com@entra:1:0::::::",
  "group:admins:::",
  "group:old:::",
];

/** A server that is not PVE, and does what the test says. Ends with the test. */
export async function rawServer(
  t: Tap,
  certificate: IssuedCertificate,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; server: Server }> {
  const server = createServer({ cert: certificate.certPem, key: certificate.keyPem }, handle);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}`, server };
}
