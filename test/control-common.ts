/** What the tests of the control socket share: a daemon's end, and raw requests to it. */
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { listenForOrders, runOnDaemon } from "../src/control/index.js";
import type {
  ControlEvent,
  ControlHandlers,
  ControlOptions,
  ControlServer,
  Order,
} from "../src/control/index.js";
import { silentLog } from "../src/log.js";

/** A socket's path. Not in tap's own folder: a socket's path has room for 107 characters. */
export function socketPath(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), "control-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, "control.sock");
}

export const idle: ControlHandlers = {
  sync: async () => 0,
  rotate: async () => 0,
  status: () => ({ state: "ok" }),
};

export async function serve(
  t: Test,
  handlers: Partial<ControlHandlers> = {},
  path: string = socketPath(t),
  more: Partial<ControlOptions> = {},
): Promise<{ path: string; server: ControlServer }> {
  const server = await listenForOrders({
    path,
    handlers: { ...idle, ...handlers },
    log: silentLog,
    ...more,
  });
  t.teardown(() => server.close());
  return { path, server };
}

export async function heard(path: string, order: Order): Promise<ControlEvent[]> {
  return rest(runOnDaemon(path, order));
}

export async function rest(source: AsyncIterable<ControlEvent>): Promise<ControlEvent[]> {
  const events: ControlEvent[] = [];
  for await (const event of source) events.push(event);
  return events;
}

/** A request as a hostile client would send it; gives status and body. */
export async function raw(
  path: string,
  target: string,
  options: { method?: string; body?: string; type?: string } = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const req = request(
      {
        socketPath: path,
        path: target,
        method: options.method ?? "POST",
        agent: false,
        headers: options.type === "" ? {} : { "content-type": options.type ?? "application/json" },
      },
      (res) => {
        let body = "";
        res.setEncoding("utf8");
        res.on("data", (part: string) => void (body += part));
        res.on("end", () => resolve({ status: res.statusCode ?? 0, body }));
      },
    );
    req.on("error", reject);
    req.end(options.body);
  });
}

/** A promise and the means to resolve it. */
export function gate(): { readonly open: () => void; readonly passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), passed };
}
