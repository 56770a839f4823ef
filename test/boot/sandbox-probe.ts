/**
 * Runs in the place of the program, in its unit: tries what must not work and what must, and says
 * how each ended. It is compiled into one file of JavaScript that needs nothing but Node.
 */
import { execFileSync } from "node:child_process";
import { lookup } from "node:dns/promises";
import { chmodSync, copyFileSync, existsSync } from "node:fs";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Dirent } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import type { ListenOptions } from "node:net";
import { join } from "node:path";

export interface ProbeQuestions {
  /** Where to write down what was found. */
  readonly answer: string;
  /** Files to read that must not be readable. */
  readonly forbidden: readonly string[];
  /** Command lines that must not be executable; a program that is not there is made for it. */
  readonly programs: readonly (readonly [string, ...string[]])[];
  /** Something to ask over https, and the credential that its certificate is judged by. */
  readonly url: string;
  readonly ca: string;
  /** Credentials that must be there. */
  readonly credentials: readonly string[];
}

/** What was tried, to `works` or the code of its error. */
type Outcomes = Readonly<Record<string, string>>;

export interface Probed {
  readonly reads: Outcomes;
  readonly executes: Outcomes;
  readonly needed: Outcomes;
  /** Folders of the whole file system in which a file could be made. */
  readonly writable: readonly string[];
  /** Below /run/credentials, what is readable. */
  readonly credentials: readonly string[];
  /** Processes of others that can be seen. */
  readonly processes: readonly string[];
}

/** The kernel's own file systems: writing there is no file that stays. */
const NOT_FILES = new Set(["/proc", "/sys"]);

async function probe(questions: ProbeQuestions): Promise<Probed> {
  return {
    reads: await all(questions.forbidden, (path) => [`read ${path}`, () => readFileSync(path)]),
    executes: await all(questions.programs, ([program, ...args]) => [
      [program, ...args].join(" "),
      () => execute(program, args),
    ]),
    needed: await all(Object.entries(needs(questions)), (need) => need),
    writable: [...writableBelow("/")],
    credentials: [...readableBelow("/run/credentials")],
    processes: otherProcesses(),
  };
}

function execute(program: string, args: readonly string[]): void {
  const missing = !existsSync(program);
  if (missing) {
    copyFileSync("/usr/bin/true", program);
    chmodSync(program, 0o700);
  }
  try {
    execFileSync(program, args, { stdio: "ignore" });
  } finally {
    if (missing) rmSync(program);
  }
}

async function all<T>(
  questions: readonly T[],
  ask: (question: T) => readonly [string, () => unknown],
): Promise<Outcomes> {
  const outcomes: Record<string, string> = {};
  for (const question of questions) {
    const [name, attempt] = ask(question);
    outcomes[name] = await outcomeOf(attempt);
  }
  return outcomes;
}

async function outcomeOf(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "works";
  } catch (thrown) {
    const { code, status } = thrown as { code?: unknown; status?: unknown };
    // A program that ran and failed was executed all the same.
    return typeof status === "number" ? `ended with ${status}` : String(code ?? thrown);
  }
}

function needs(questions: ProbeQuestions): Record<string, () => unknown> {
  const credentials = process.env["CREDENTIALS_DIRECTORY"] ?? "";
  const given = questions.credentials.map((name): [string, () => unknown] => [
    `the credential ${name}`,
    () => {
      if (readFileSync(join(credentials, name)).length <= 1) throw new Error("it is empty");
    },
  ]);
  return {
    ...Object.fromEntries(given),
    "the configuration": () => readFileSync("/etc/pve-entra-agent/config.toml"),
    "the system's CAs": () => readFileSync("/etc/ssl/certs/ca-certificates.crt"),
    "a name's address": () => lookup(new URL(questions.url).hostname),
    "a request over TLS": () => ask(questions.url, readFileSync(join(credentials, questions.ca))),
    "a port on loopback": () => listen({ host: "127.0.0.1", port: 0 }),
    "a socket in the runtime folder": () => listen({ path: "/run/pve-entra-agent/probe.sock" }),
  };
}

function ask(url: string, ca: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    request(url, { ca }, (answer) => void answer.resume().on("end", resolve))
      .on("error", reject)
      .end();
  });
}

function listen(options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(options, () => void server.close(() => resolve()));
  });
}

function* writableBelow(dir: string): Generator<string> {
  const file = join(dir, "pve-entra-probe");
  try {
    writeFileSync(file, "");
    yield dir;
    rmSync(file);
  } catch {
    // As it should be.
  }
  for (const below of foldersIn(dir)) yield* writableBelow(below);
}

function* readableBelow(dir: string): Generator<string> {
  for (const below of foldersIn(dir)) yield* readableBelow(below);
  for (const { name } of entriesOf(dir).filter((entry) => entry.isFile())) {
    try {
      readFileSync(join(dir, name));
      yield join(dir, name);
    } catch {
      // As it should be.
    }
  }
}

function foldersIn(dir: string): readonly string[] {
  return entriesOf(dir)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(dir, name))
    .filter((path) => !NOT_FILES.has(path));
}

function entriesOf(dir: string): readonly Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    return [];
  }
}

function otherProcesses(): readonly string[] {
  const own = String(process.pid);
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== own);
}

const [file = ""] = process.argv.slice(2);
const questions = JSON.parse(readFileSync(file, "utf8")) as ProbeQuestions;
writeFileSync(questions.answer, JSON.stringify(await probe(questions)));
