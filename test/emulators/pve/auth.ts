import { randomBytes } from "node:crypto";
import type { EmulatorClock } from "../common/clock.js";
import { StatusError } from "./errors.js";
import { splitTokenid } from "./names.js";
import { unescapeBytes } from "./perl.js";
import type { PveState } from "./state.js";
import type { UserCfg } from "./user-cfg.js";

/** A refused sign-in: PVE answers it with an empty body, three seconds late. */
export class AuthError extends StatusError {}

const refused = (text: string): AuthError => new AuthError(401, `${text}\n`);

const TICKET_LIFETIME_MS = 7_200_000;

interface Session {
  userid: string;
  csrf: string;
  since: number;
}

/** Tickets that were given out. */
export class Sessions {
  readonly #byTicket = new Map<string, Session>();

  open(userid: string, now: number): { ticket: string; csrf: string } {
    const time = Math.floor(now / 1000)
      .toString(16)
      .toUpperCase()
      .padStart(8, "0");
    const ticket = `PVE:${userid}:${time}::${randomBytes(48).toString("base64")}`;
    const csrf = `${time}:${randomBytes(32).toString("base64").slice(0, 43)}`;
    this.#byTicket.set(ticket, { userid, csrf, since: now });
    return { ticket, csrf };
  }

  find(ticket: string, now: number): Session | undefined {
    const session = this.#byTicket.get(ticket);
    return session && now - session.since <= TICKET_LIFETIME_MS ? session : undefined;
  }
}

/** Whether an account may sign in: it exists, is enabled, and is not past its end. */
export function isUsable(cfg: UserCfg, userid: string, now: number): boolean {
  const user = cfg.users.get(userid);
  return user !== undefined && user.enable && !isPast(user.expire, now);
}

function isPast(expire: number, now: number): boolean {
  return expire !== 0 && expire < Math.floor(now / 1000);
}

/** Finds `name=value` or `name value` in a header, up to a semicolon; the value is unescaped. */
function authValue(header: string | undefined, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}[= ]([^;]*)`).exec(header ?? "");
  return match?.[1] ? unescapeBytes(match[1]) : undefined;
}

/** The caller behind an API token's header value. */
function tokenCaller(state: PveState, value: string, now: number): string {
  const split = value.lastIndexOf("=");
  const tokenid = value.slice(0, Math.max(split, 0));
  const id = splitTokenid(tokenid, "bytes");
  const token = id && state.users.users.get(id.user)?.tokens?.get(id.token);
  const good =
    id &&
    token &&
    isUsable(state.users, id.user, now) &&
    !isPast(token.expire, now) &&
    state.tokenSecrets.get(tokenid) === value.slice(split + 1);
  if (!good) throw refused("Authentication failed!");
  return tokenid;
}

const OPEN_TO_ALL = new Set(["GET /access/domains", "GET /access/ticket", "POST /access/ticket"]);

export interface Credentials {
  authorization?: string | undefined;
  cookie?: string | undefined;
  csrf?: string | undefined;
}

/** Who calls. */
export interface Caller {
  /** Userid or full token id; nobody for what is open to all, even with good credentials. */
  who: string | undefined;
  byToken: boolean;
}

/**
 * Finds out who calls, or throws an AuthError. A ticket goes before a token; a write with a ticket
 * needs the CSRF token that came with it.
 */
export function authenticate(
  state: PveState,
  sessions: Sessions,
  clock: EmulatorClock,
  method: string,
  path: string,
  given: Credentials,
): Caller {
  const ticket =
    authValue(given.cookie, "PVEAuthCookie") ?? authValue(given.authorization, "PVEAuthCookie");
  const token = ticket ? undefined : authValue(given.authorization, "PVEAPIToken");
  if (OPEN_TO_ALL.has(`${method} ${path}`)) return { who: undefined, byToken: !!token };
  if (token) return { who: tokenCaller(state, token, clock.now()), byToken: true };
  if (!ticket) throw refused("No ticket");
  const session = sessions.find(ticket, clock.now());
  if (!session || !isUsable(state.users, session.userid, clock.now())) {
    throw refused("Authentication failed!");
  }
  if (method !== "GET" && given.csrf !== session.csrf) {
    throw refused("Permission denied - invalid csrf token");
  }
  return { who: session.userid, byToken: false };
}
