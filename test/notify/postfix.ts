/**
 * Postfix, the mail server of every Proxmox VE node, as that has it: mail to root goes to a command
 * (PVE: `/root/.forward` with `|/usr/bin/proxmox-mail-forward`). Everything of it lies in a
 * temporary folder, and it listens on a loopback port that was free.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { freePort, OWN_ADDRESS } from "../support/free-port.js";
import { needPackages } from "../support/packages.js";

const DAEMONS = "/usr/lib/postfix/sbin";
const HOST = "pve1.contoso.example";

export interface Postfix {
  readonly host: string;
  readonly port: number;
  /** What the command of root was given, oldest first: whole mails. */
  mails(): readonly string[];
  /** Mails that it is done with: the log says where each went, which it does after `mails` has it. */
  delivered(): number;
  log(): string;
  stop(): Promise<void>;
}

/**
 * Installs the package where no mail server is. Throws with what to do where that may not be:
 * installing it would replace another mail server.
 */
export function needPostfix(): void {
  if (process.getuid?.() !== 0) throw new Error("Postfix switches users: run this as root");
  // Without a configuration in /etc nothing is started.
  needPackages(["postfix"], "postfix postfix/main_mailer_type select No configuration");
}

export async function startPostfix(t: Test): Promise<Postfix> {
  const dir = mkdtempSync(join(tmpdir(), "pve-entra-postfix-"));
  // Its daemons run as other users.
  chmodSync(dir, 0o755);
  const port = await freePort();
  configure(dir, port);
  const env = { ...process.env, MAIL_CONFIG: join(dir, "etc") };
  execFileSync("postfix", ["-c", join(dir, "etc"), "check"], { env, stdio: "ignore" });
  const master = spawn(join(DAEMONS, "master"), ["-c", join(dir, "etc"), "-d"], {
    env,
    stdio: "ignore",
    // It ends its process group with itself.
    detached: true,
  });
  const ended = once(master, "exit");
  const stop = async (): Promise<void> => {
    if (master.exitCode === null && master.signalCode === null) master.kill("SIGTERM");
    await ended;
    // Its children hold the port until they have noticed.
    for (let tries = 0; (await greeting(port)) !== "refused"; tries += 1) {
      if (tries > 600) throw new Error("Postfix still listens");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  t.teardown(async () => {
    await stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const log = (): string => {
    const file = join(dir, "log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
  const postfix: Postfix = {
    host: OWN_ADDRESS,
    port,
    mails: () => {
      const folder = join(dir, "forwarded");
      const whole = readdirSync(folder).filter((name) => name.endsWith(".mail"));
      return whole.sort().map((name) => readFileSync(join(folder, name), "utf8"));
    },
    delivered: () => log().match(/: removed$/gm)?.length ?? 0,
    log,
    stop,
  };
  await answers(postfix);
  return postfix;
}

function configure(dir: string, port: number): void {
  for (const name of ["etc", "spool", "data", "forwarded", "mail"]) mkdirSync(join(dir, name));
  // Root's command runs as nobody (local(8), `default_privs`).
  for (const name of ["forwarded", "mail"]) chmodSync(join(dir, name), 0o1777);
  execFileSync("chown", ["postfix", join(dir, "data")]);
  const command = join(dir, "mail-forward");
  writeFileSync(
    command,
    `#!/bin/sh\nat=${dir}/forwarded/$(date +%s%N).$$\ncat >"$at" && mv "$at" "$at.mail"\n`,
  );
  chmodSync(command, 0o755);
  writeFileSync(join(dir, "forward"), `|${command}\n`);
  const main = {
    compatibility_level: "3.6",
    queue_directory: join(dir, "spool"),
    data_directory: join(dir, "data"),
    daemon_directory: DAEMONS,
    command_directory: "/usr/sbin",
    mail_owner: "postfix",
    setgid_group: "postdrop",
    maillog_file: join(dir, "log"),
    maillog_file_prefixes: dir,
    // As PVE's installer writes it.
    myhostname: HOST,
    mydestination: "$myhostname, localhost.$mydomain, localhost",
    mynetworks: "127.0.0.0/8",
    // Of an interface, and none that it listens on: that is in master.cf.
    inet_interfaces: "127.0.0.1",
    inet_protocols: "ipv4",
    alias_maps: "",
    alias_database: "",
    forward_path: join(dir, "forward"),
    mail_spool_directory: `${join(dir, "mail")}/`,
    // Nothing leaves this machine.
    default_transport: "error:no mail leaves this test",
    relay_transport: "error:no mail leaves this test",
  };
  const lines = Object.entries(main).map(([key, value]) => `${key} = ${value}`);
  writeFileSync(join(dir, "etc", "main.cf"), `${lines.join("\n")}\n`);
  writeFileSync(join(dir, "etc", "master.cf"), services(port));
}

/** Of Postfix' own master.cf what a local mail needs, and none of it in a chroot. */
function services(port: number): string {
  const rows = [
    `${OWN_ADDRESS}:${port} inet n - n - - smtpd`,
    "pickup unix n - n 60 1 pickup",
    "cleanup unix n - n - 0 cleanup",
    "qmgr unix n - n 300 1 qmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce",
    "verify unix - - n - 1 verify",
    "flush unix n - n 1000? 0 flush",
    "proxymap unix - - n - - proxymap",
    "error unix - - n - - error",
    "local unix - n n - - local",
    "anvil unix - - n - 1 anvil",
    "postlog unix-dgram n - n - 1 postlogd",
  ];
  return `${rows.join("\n")}\n`;
}

async function answers(postfix: Postfix): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await greeting(postfix.port)).startsWith("220 ")) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Postfix does not answer:\n${postfix.log()}`);
}

/** What a server says first; `refused` where none listens. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, OWN_ADDRESS);
    socket.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ECONNREFUSED" ? "refused" : "");
    });
    socket.on("close", () => resolve(""));
    socket.once("data", (said) => {
      resolve(said.toString());
      socket.end("QUIT\r\n");
    });
  });
}
