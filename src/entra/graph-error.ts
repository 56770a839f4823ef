import { AgentError } from "../errors.js";
import type { ErrorCode } from "../errors.js";
import { printable } from "../decide/text.js";
import { redact } from "../redact.js";

/** Graph said no, in its own words. */
export class GraphError extends AgentError {
  readonly status: number;
  /** `error.code` of Graph's body, such as `Request_ResourceNotFound`; empty without a body. */
  readonly graphCode: string;

  constructor(code: ErrorCode, message: string, status: number, graphCode: string) {
    super(code, message);
    this.name = "GraphError";
    this.status = status;
    this.graphCode = graphCode;
  }
}

/** What stands in a refusal, whether it came alone or as part of a batch. */
export interface Refusal {
  /** Method and path, without the query. */
  readonly what: string;
  readonly status: number;
  /** The parsed body, if it was JSON. */
  readonly body: unknown;
  /** Of the header; the one in the body counts first. */
  readonly requestId?: string | undefined;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  Authorization_RequestDenied: "ENTRA_FORBIDDEN",
  Authorization_IdentityNotFound: "ENTRA_FORBIDDEN",
  InvalidAuthenticationToken: "ENTRA_SIGN_IN_REFUSED",
  CredentialInvalidLifetimeAsPerAppPolicy: "ROTATION_LIFETIME_CAPPED",
  CredentialTypeNotAllowedAsPerAppPolicy: "ROTATION_POLICY_FORBIDS",
};

const LONGEST_MESSAGE = 600;
/** Of codes and request ids, which have no more than 60 characters. */
const LONGEST_ID = 100;

/** Makes the error for a refusal; the request id in it is what Microsoft's support asks for. */
export function graphError(refusal: Refusal): GraphError {
  const { code, message, requestId } = readError(refusal.body);
  const id = (requestId ?? refusal.requestId)?.slice(0, LONGEST_ID);
  const said = [code.slice(0, LONGEST_ID), message.slice(0, LONGEST_MESSAGE)]
    .filter((part) => part !== "")
    .join(": ");
  const known = codeOf(refusal.status, code);
  const text =
    `${refusal.what} answered ${refusal.status}${said === "" ? "" : ` ${said}`}` +
    (known === "ENTRA_FORBIDDEN" ? `; it takes ${permissionFor(refusal.what)}` : "") +
    (id === undefined ? "" : ` (request-id ${id})`);
  return new GraphError(known, redact(printable(text)), refusal.status, code);
}

/** The least application permission for what was asked (FACTS-entra). */
function permissionFor(what: string): string {
  if (what.includes("/applications")) return "Application.ReadWrite.OwnedBy and being an owner";
  if (what.includes("/checkMemberGroups")) return "GroupMember.Read.All and User.Read.All";
  return what.includes("/groups/") ? "GroupMember.Read.All" : "User.Read.All";
}

function codeOf(status: number, graphCode: string): ErrorCode {
  const known = Object.hasOwn(CODES, graphCode) ? CODES[graphCode] : undefined;
  if (known !== undefined) return known;
  if (status === 401) return "ENTRA_SIGN_IN_REFUSED";
  if (status === 403) return "ENTRA_FORBIDDEN";
  return status === 429 ? "ENTRA_THROTTLED" : "ENTRA_REFUSED";
}

/**
 * Two writes met: neither this one nor its repetition does harm, for it had no effect. Graph says so
 * with 409, or with 400 and this code or sentence (FACTS-entra).
 */
export function isConcurrencyViolation(refusal: Refusal): boolean {
  if (refusal.status === 409) return true;
  const { code, message } = readError(refusal.body);
  return code === "Directory_ConcurrencyViolation" || message.includes("concurrent requests");
}

function readError(body: unknown): {
  readonly code: string;
  readonly message: string;
  readonly requestId?: string;
} {
  const error = field(body, "error");
  const requestId = text(field(field(error, "innerError"), "request-id"));
  return {
    code: text(field(error, "code")) ?? "",
    message: text(field(error, "message")) ?? "",
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Record<string, unknown>)[name];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
