import { Agent, request } from "undici";

/** An answer, its JSON read where it is JSON. */
export interface Asked {
  status: number;
  reason: string;
  data: unknown;
  message: string | undefined;
  text: string;
}

export interface Asking {
  /** `PVEAPIToken=…` without the scheme: `<tokenid>=<secret>`. */
  token?: string;
  /** Parameters of the form. */
  form?: Record<string, string | number>;
}

export interface Asker {
  (method: string, path: string, asking?: Asking): Promise<Asked>;
  close(): Promise<void>;
}

function read(text: string): { data?: unknown; message?: string } {
  try {
    return JSON.parse(text) as { data?: unknown; message?: string };
  } catch {
    return {};
  }
}

/**
 * A bare client for tests of the emulator: no retry, no encoding of its own.
 * @param path below `/api2/json`
 */
export function asker(pve: { url: string; caPem: string }, token?: string): Asker {
  const dispatcher = new Agent({ connect: { ca: pve.caPem } });
  const ask = async (method: string, path: string, asking: Asking = {}): Promise<Asked> => {
    const secret = asking.token ?? token;
    const form = asking.form && Object.entries(asking.form).map(([k, v]) => [k, String(v)]);
    const answer = await request(`${pve.url}/api2/json${path}`, {
      method: method as "GET",
      dispatcher,
      headers: {
        ...(secret !== undefined && { authorization: `PVEAPIToken=${secret}` }),
        ...(form && { "content-type": "application/x-www-form-urlencoded" }),
      },
      body: form ? new URLSearchParams(form as [string, string][]).toString() : null,
    });
    const text = await answer.body.text();
    const { data, message } = read(text);
    return { status: answer.statusCode, reason: answer.statusText, data, message, text };
  };
  return Object.assign(ask, { close: () => dispatcher.close() });
}
