/**
 * A world in a process of its own, so that it takes no time and no memory of what is measured.
 * It lives as long as the one who started it keeps the channel open.
 */
import { startWorld } from "./world.js";
import type { WorldFacts, WorldOptions } from "./world.js";
import type { Recorded } from "./recorder.js";

export type WorldOrder =
  | { readonly kind: "start"; readonly options: WorldOptions }
  | { readonly kind: "move"; readonly person: number }
  | { readonly kind: "take" };

export type WorldReply =
  | { readonly kind: "started"; readonly facts: WorldFacts }
  | { readonly kind: "moved" }
  | { readonly kind: "taken"; readonly requests: readonly Recorded[] }
  | { readonly kind: "failed"; readonly message: string };

let world: Awaited<ReturnType<typeof startWorld>> | undefined;

async function carryOut(order: WorldOrder): Promise<WorldReply> {
  if (order.kind === "start") {
    world = await startWorld(order.options);
    return { kind: "started", facts: world.facts };
  }
  if (world === undefined) throw new Error("the world was not started");
  if (order.kind === "take") return { kind: "taken", requests: world.recorder.take() };
  world.move(order.person);
  return { kind: "moved" };
}

process.on("message", (order: WorldOrder) => {
  carryOut(order).then(
    (reply) => process.send?.(reply),
    (thrown: unknown) => process.send?.({ kind: "failed", message: String(thrown) }),
  );
});
process.on("disconnect", () => process.exit(0));
