import type { AddressInfo } from "node:net";
import fastify from "fastify";
import type { EmulatorClock } from "./clock.js";
import { type Faults, parseFaults } from "./faults.js";
import type { RequestLog } from "./log.js";

/** A change of the world, by name, with what it needs: `{ "do": "disableUser", "userid": "…" }`. */
export interface WorldOrder {
  do: string;
  [argument: string]: unknown;
}

export interface ControlHandlers {
  clock: EmulatorClock;
  faults: Faults;
  log: RequestLog;
  /** Carries out an order; what it returns is the answer. Throws for an order that makes no sense. */
  order(order: WorldOrder): unknown;
  /** The whole state, for people to look at. */
  dump(): unknown;
}

export interface Control {
  /** `http://127.0.0.1:port` */
  url: string;
  close(): Promise<void>;
}

function setTime(clock: EmulatorClock, body: unknown): void {
  const { now, advance } = (body ?? {}) as { now?: unknown; advance?: unknown };
  if (typeof now === "number") clock.set(now);
  else if (typeof advance === "number") clock.advance(advance);
  else throw new TypeError('say { "now": ms } or { "advance": ms }');
}

function worldOrder(body: unknown): WorldOrder {
  const name = (body as { do?: unknown } | null)?.do;
  if (typeof name !== "string") throw new TypeError('an order needs "do": the name of the order');
  return body as WorldOrder;
}

/** Names of orders to what carries them out; each takes the order's arguments. */
export type Orders = Record<string, (order: WorldOrder) => unknown>;

/** Picks the named order, or says which ones there are. */
export function carryOut(orders: Orders, order: WorldOrder): unknown {
  const act = Object.hasOwn(orders, order.do) ? orders[order.do] : undefined;
  if (!act) {
    throw new TypeError(`no order "${order.do}"; there are: ${Object.keys(orders).join(", ")}`);
  }
  return act(order);
}

/**
 * The port over which people and other processes give an emulator orders. Plain HTTP on the
 * loopback address and a free port, since it carries no secret that the emulator's user lacks.
 */
export async function startControl(handlers: ControlHandlers): Promise<Control> {
  const app = fastify({ forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) =>
    reply.code(400).send({ error: error instanceof Error ? error.message : String(error) }),
  );
  app.post("/faults", (request) => {
    const faults = parseFaults(request.body);
    faults.forEach((fault) => handlers.faults.add(fault));
    return { added: faults.length };
  });
  app.get("/faults", () =>
    handlers.faults
      .pending()
      .map((fault) => (fault.times === Infinity ? { ...fault, times: "forever" } : fault)),
  );
  app.delete("/faults", () => {
    handlers.faults.clear();
    return {};
  });
  app.get("/requests", () => handlers.log.entries());
  app.delete("/requests", () => {
    handlers.log.clear();
    return {};
  });
  app.get("/time", () => ({ now: handlers.clock.now() }));
  app.post("/time", (request) => {
    setTime(handlers.clock, request.body);
    return { now: handlers.clock.now() };
  });
  app.get("/world", () => handlers.dump() ?? {});
  app.post("/world", async (request) => {
    const result = await handlers.order(worldOrder(request.body));
    return result ?? {};
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => app.close() };
}
