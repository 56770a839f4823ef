import { STATUS_CODES } from "node:http";
import { type PlainError, StatusError } from "./errors.js";
import { printBytes } from "./perl.js";

/** An answer before it goes out; the reason phrase is a byte string. */
export interface Outgoing {
  status: number;
  reason: string;
  contentType?: string;
  body: Buffer;
}

const JSON_TYPE = "application/json;charset=UTF-8";

/** Without JSON: what the HTTP server itself says, the message being the body, too. */
export function plainAnswer(status: number, message: string, body = message): Outgoing {
  return { ...firstLine(status, message), body: Buffer.from(printBytes(body), "latin1") };
}

function firstLine(status: number, message: string): { status: number; reason: string } {
  const line = message.split("\n", 1)[0] ?? "";
  // A carriage return would begin a header: PVE blames the client then.
  if (line.includes("\r")) return { status: 400, reason: "Bad Request" };
  // No control character can stand in a status line that an HTTP library sends.
  const reason = printBytes(line).replace(/[\u0000-\u0008\u000a-\u001f\u007f]/g, "?");
  return { status, reason: reason || (STATUS_CODES[status] ?? "") };
}

function jsonAnswer(status: number, message: string, body: unknown): Outgoing {
  const head = firstLine(status, message);
  return { ...head, contentType: JSON_TYPE, body: Buffer.from(JSON.stringify(body)) };
}

/** A result, in the format that the path asked for. */
export function resultAnswer(format: string, data: unknown): Outgoing {
  return jsonAnswer(200, "OK", format === "extjs" ? { success: 1, data } : { data });
}

/** A refusal of the API; extjs wants 200 and looks into the body. */
export function errorAnswer(format: string, error: PlainError): Outgoing {
  const status = error instanceof StatusError ? error.status : 500;
  const errors = error instanceof StatusError ? error.errors : undefined;
  const body = { data: null, message: error.text, ...(errors && { errors }) };
  if (format === "extjs") return jsonAnswer(200, "OK", { ...body, success: 0, status });
  return jsonAnswer(status, error.text, body);
}
