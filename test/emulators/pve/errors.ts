/*
 * PVE's three ways to refuse. The first line of the message becomes the reason phrase of the HTTP
 * answer; the JSON body holds the whole message.
 */

/** A Perl `die` with a text: status 500. */
export class PlainError extends Error {
  /** @param text the whole message, its line feed included */
  constructor(readonly text: string) {
    super(text);
  }
}

/** An exception that knows its HTTP status. */
export class StatusError extends PlainError {
  constructor(
    readonly status: number,
    text: string,
    readonly errors?: Record<string, string>,
  ) {
    super(text);
  }
}

/** 400, with one complaint a parameter. */
export class ParamError extends StatusError {
  constructor(errors: Record<string, string>) {
    super(400, "Parameter verification failed.\n", errors);
  }
}

/** 403; `what` says which privilege is missing on which path, and is left out where PVE does. */
export class PermissionError extends StatusError {
  constructor(what?: string) {
    super(403, what ? `Permission check failed (${what})\n` : "Permission check failed\n");
  }
}

/** The text of an error as Perl writes it into another message: with status and complaints. */
function asText(error: PlainError): string {
  if (!(error instanceof StatusError)) return error.text;
  const complaints = Object.entries(error.errors ?? {}).map(([key, text]) => `${key}: ${text}\n`);
  return `${error.status} ${error.text}${complaints.join("")}`;
}

/** Puts what was being done before the reason, as PVE does around everything under a lock: it is a 500 then. */
export function prefixed(what: string, error: unknown): unknown {
  return error instanceof PlainError ? new PlainError(`${what}: ${asText(error)}`) : error;
}
