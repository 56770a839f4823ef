/** A node: Debian 13 booted with systemd, in a container, on the lab's bridge. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "../package/run.js";
import { atEnd } from "./at-end.js";
import { makeCgroup } from "./cgroup.js";
import type { Lab } from "./lab.js";
import { program } from "./program.js";
import type { Said } from "./program.js";

export interface Node {
  /** The root of its file system, as seen from here. */
  readonly root: string;
  /** Runs a command as root inside and gives what it said, whatever its exit code. */
  run(...command: string[]): Promise<Said>;
  /** The same; throws with what it said where the exit code is not 0. Gives standard output. */
  must(...command: string[]): Promise<string>;
  /** Runs `script` by sh. */
  sh(script: string): Promise<Said>;
  /** A process of our own in the node's network, and in nothing else of it. */
  inItsNetwork(command: readonly string[]): readonly [string, ...string[]];
  /** Writes a file, folders on the way to it included; 0644 by default. */
  write(path: string, text: string, mode?: number): void;
  read(path: string): string;
}

export interface NodeOptions {
  /** The name that the node gives itself. */
  readonly hostname: string;
  /** Addresses by name, for /etc/hosts. */
  readonly hosts: Readonly<Record<string, string>>;
}

const BOOT_MS = 150_000;
const LOOK_EVERY_MS = 100;
const CLEAN_ENVIRONMENT = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"];

/**
 * Unpacks `tar` and boots it. Needs root and the package systemd-container. The node ends with this
 * process, and all that was made for it goes.
 */
export async function bootNode(lab: Lab, tar: string, options: NodeOptions): Promise<Node> {
  const root = join(lab.dir, "root");
  mkdirSync(root);
  must("tar", ["--extract", "--numeric-owner", "--preserve-permissions", "-f", tar, "-C", root]);
  furnish(root, options);
  const leader = await start(lab, root);
  const enter = (command: readonly string[]): string[] => [
    ...["-t", String(leader), "-a", "--"],
    ...CLEAN_ENVIRONMENT,
    ...command,
  ];
  const node: Node = {
    root,
    run: (...command) => program("nsenter", enter(command)),
    async must(...command) {
      const said = await node.run(...command);
      if (said.code === 0) return said.out;
      throw new Error(`${command.join(" ")} ended with ${said.code}:\n${said.out}${said.err}`);
    },
    sh: (script) => node.run("sh", "-c", script),
    inItsNetwork: (command) => ["nsenter", "-t", String(leader), "-n", "--", ...command],
    write(path, text, mode = 0o644) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, { mode });
    },
    read: (path) => readFileSync(join(root, path), "utf8"),
  };
  await node.must("ip", "address", "add", lab.nodeAddress, "dev", "host0");
  await node.must("ip", "link", "set", "host0", "up");
  await booted(node);
  return node;
}

/** What an installation would have asked or found out. */
function furnish(root: string, { hostname, hosts }: NodeOptions): void {
  const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
  write("etc/hostname", `${hostname}\n`);
  const lines = Object.entries(hosts).map(([name, address]) => `${address} ${name}`);
  write("etc/hosts", ["127.0.0.1 localhost", ...lines, ""].join("\n"));
  // systemd fills it in at the first boot.
  write("etc/machine-id", "");
  symlinkSync("/dev/null", join(root, "etc/systemd/system/systemd-firstboot.service"));
  // Without journald's folder the log would be lost with /run at the end, and be cut short before.
  mkdirSync(join(root, "var/log/journal"), { recursive: true });
}

/** Starts the container; resolves with the id of its first process. */
async function start(lab: Lab, root: string): Promise<number> {
  atEnd(() => removeLeft(lab.name));
  const procs = makeCgroup(lab.name);
  const nspawn = [
    ...["systemd-nspawn", "--register=no", "--keep-unit", "--quiet", "--machine", lab.name],
    ...["--directory", root, "--boot", "--console=pipe", `--network-bridge=${lab.bridge}`],
    // systemd's firewall and device rules are programs for the kernel's bpf(2).
    ...["--capability=CAP_BPF,CAP_PERFMON", "--system-call-filter=bpf"],
  ];
  const joinGroups = procs.map((file) => `echo $$ > ${file}`).join(" && ");
  const command = lab.enter(nspawn);
  const child = spawn("sh", ["-c", `${joinGroups} && exec "$@"`, "sh", ...command], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1" },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => void (said += text));
  }
  atEnd(() => end(child));
  for (let waited = 0; waited < BOOT_MS; waited += LOOK_EVERY_MS) {
    if (child.exitCode !== null) break;
    const leader = child.pid === undefined ? undefined : firstProcess(child.pid);
    if (leader !== undefined) return leader;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`the container did not start:\n${said}`);
}

/** nspawn's child that became systemd. */
function firstProcess(nspawn: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, "utf8");
    return children
      .trim()
      .split(" ")
      .map(Number)
      .find((pid) => pid > 0 && readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "systemd");
  } catch {
    return undefined;
  }
}

/** Once its first process is gone, the kernel ends all others, and nspawn tidies up and goes. */
function end(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  const leader = firstProcess(child.pid);
  process.kill(leader ?? child.pid, "SIGKILL");
}

/** nspawn refuses to remove what lies on a disk, as /run does where it is no tmpfs. */
function removeLeft(name: string): void {
  for (const left of ["propagate", "unix-export"]) {
    rmSync(join("/run/systemd/nspawn", left, name), { recursive: true, force: true });
  }
}

async function booted(node: Node): Promise<void> {
  for (let waited = 0; waited < BOOT_MS; waited += LOOK_EVERY_MS) {
    const { out } = await node.run("systemctl", "is-system-running");
    if (out.trim() === "running") return;
    if (out.trim() === "degraded") {
      throw new Error(`the node is degraded:\n${await node.must("systemctl", "--failed")}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error("the node did not come up");
}
