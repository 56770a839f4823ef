/**
 * As much of a mail server as it takes to be a bad one: silent, slow, talkative, refusing. That
 * mails really arrive is proved against Postfix (test/notify/).
 */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Test } from "tap";

export type Manner =
  /** Takes every mail. */
  | "good"
  /** Says nothing at all. */
  | "silent"
  /** One byte of an endless greeting at a time. */
  | "drip"
  /** An endless answer without an end of line, as fast as it is taken. */
  | "flood"
  /** Hangs up instead of a greeting. */
  | "rude"
  /** Knows nobody: 550 at RCPT, with words that are new each time. */
  | "strict"
  /** Busy: 451 once the mail is there. */
  | "full"
  /** Hangs up in the middle of the mail. */
  | "dying";

export interface SmallSmtp {
  manner: Manner;
  readonly port: number;
  /** Whole mails, headers included, with the envelope's recipient first. */
  readonly mails: string[];
  readonly connections: () => number;
  readonly open: () => number;
}

export async function startSmallSmtp(t: Test, manner: Manner = "good"): Promise<SmallSmtp> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    MANNERS[smtp.manner](socket, smtp);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const smtp: SmallSmtp = {
    manner,
    port: (server.address() as AddressInfo).port,
    mails: [],
    connections: () => connections,
    open: () => sockets.size,
  };
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return smtp;
}

/** `[notify]` as TOML. */
export const notifySection = (port: number, host = "127.0.0.1"): string =>
  `[notify]\nsmtp = "${host}:${port}"\n`;

/** A mail's subject, unfolded as RFC 5322, 2.2.3 says. */
export function subjectOf(mail: string): string {
  return /\nSubject: ([^]*?)\n(?! )/.exec(mail)?.[1]?.replaceAll("\n", "") ?? "";
}

const MANNERS: Record<Manner, (socket: Socket, smtp: SmallSmtp) => void> = {
  good: (socket, smtp) => converse(socket, smtp, {}),
  strict: (socket, smtp) => {
    converse(socket, smtp, { RCPT: `550 5.1.1 no such user (try ${smtp.connections()})` });
  },
  full: (socket, smtp) => converse(socket, smtp, { ".": "451 4.3.0 try again" }),
  dying: (socket, smtp) => converse(socket, smtp, { DATA: undefined }),
  silent: (socket) => void socket.resume(),
  rude: (socket) => socket.end(),
  drip: (socket) => {
    socket.resume();
    const timer = setInterval(() => socket.write("2"), 20);
    socket.on("close", () => clearInterval(timer));
  },
  flood: (socket) => {
    const line = "2".repeat(64 * 1024);
    const more = (): void => {
      while (!socket.destroyed && socket.write(line));
    };
    socket.on("drain", more).resume();
    more();
  },
};

const ANSWERS: Readonly<Record<string, string>> = {
  EHLO: "250-small\r\n250 8BITMIME",
  DATA: "354 go on",
  QUIT: "221 bye",
};

/** @param instead other answers by command (`.` is the end of the mail); undefined: hangs up */
function converse(
  socket: Socket,
  smtp: SmallSmtp,
  instead: Readonly<Record<string, string | undefined>>,
): void {
  let rest = "";
  let mail: string[] | undefined;
  let to = "";
  const answer = (command: string): boolean => {
    const text = command in instead ? instead[command] : (ANSWERS[command] ?? "250 ok");
    if (text === undefined) socket.destroy();
    else socket.write(`${text}\r\n`);
    return text?.startsWith("2") ?? false;
  };
  const heard = (line: string): void => {
    if (mail === undefined) {
      const command = line.slice(0, 4).toUpperCase();
      if (command === "RCPT") to = line;
      answer(command);
      if (command === "DATA") mail = [];
    } else if (line === ".") {
      if (answer(".")) smtp.mails.push([to, ...mail].join("\n"));
      mail = undefined;
    } else mail.push(line);
  };
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) heard(line);
  });
  socket.write("220 small ESMTP\r\n");
}
