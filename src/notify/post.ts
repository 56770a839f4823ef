/** Hands one mail to the mail server of this node. */
import type { NotifyConfig } from "../config/types.js";
import { AgentError } from "../errors.js";
import type { Letter } from "./words.js";

/** For the whole exchange, in milliseconds. A mail server on loopback that needs longer is unwell. */
const DEADLINE_MS = 20_000;
/** The longest answer that is read; those of SMTP have 512 bytes a line (RFC 5321, 4.5.3.1.5). */
const MOST_ANSWER = 16 * 1024;

/**
 * Returns once the server has taken the mail over. Throws NOTIFY_FAILED with a message that says
 * the same each time for the same trouble; nothing is sent after `signal` is aborted.
 *
 * @param at the Date of the mail, milliseconds since 1970
 * @param deadlineMs real milliseconds for the whole exchange
 */
export async function post(
  letter: Letter,
  config: NotifyConfig,
  at: number,
  signal: AbortSignal,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  // On first use: most daemons never need it, and it would stay in memory.
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    host: config.host,
    port: config.port,
    secure: false,
    // On loopback nobody listens; a self-signed certificate, as Debian's Postfix has, would fail.
    ignoreTLS: true,
    // What it calls itself to the server; the default would be the machine's name.
    name: "localhost",
    connectionTimeout: deadlineMs,
    greetingTimeout: deadlineMs,
    socketTimeout: deadlineMs,
    maxResponseSize: MOST_ANSWER,
    // No mail of ours has anything to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const from = qualified(config.from);
  const to = qualified(config.to);
  try {
    await transport.sendMail({
      from: { name: "pve-entra-agent", address: from },
      to: { name: "", address: to },
      envelope: { from, to: [to] },
      subject: letter.subject,
      text: letter.text,
      date: new Date(at),
      // RFC 3834: no out-of-office answer, and no loop.
      headers: { "Auto-Submitted": "auto-generated" },
      xMailer: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
    });
  } catch (thrown) {
    const where = config.host.includes(":")
      ? `[${config.host}]:${config.port}`
      : `${config.host}:${config.port}`;
    throw new AgentError(
      "NOTIFY_FAILED",
      `the mail server at ${where} ${reason(thrown, deadlineMs)}`,
      {
        cause: thrown,
      },
    );
  } finally {
    transport.close();
  }
}

/** RFC 5321 knows no name without a domain but Postmaster; exim refuses others. */
function qualified(mailbox: string): string {
  return mailbox.includes("@") ? mailbox : `${mailbox}@localhost`;
}

/** Words of the server are left out: they carry queue ids, and would be new at every try. */
function reason(thrown: unknown, deadlineMs: number): string {
  if (!(thrown instanceof Error)) return "did not take a mail";
  const { responseCode, code, name } = thrown as { responseCode?: unknown } & NodeJS.ErrnoException;
  if (typeof responseCode === "number") return `answered ${responseCode}`;
  if (name === "AbortError" || name === "TimeoutError" || code === "ETIMEDOUT") {
    return `did not take a mail within ${deadlineMs / 1000} s`;
  }
  const system = /\bE[A-Z]{4,}\b/.exec(thrown.message)?.[0] ?? code;
  return system === "ECONNREFUSED"
    ? "cannot be reached (ECONNREFUSED)"
    : `did not take a mail (${system ?? "unknown"})`;
}
