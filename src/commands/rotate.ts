import type { Command } from "./io.js";
import { order } from "./order.js";

export const rotate: Command = {
  name: "rotate",
  summary: "Makes, proves and writes a new client secret now, whatever the expiry",
  options: { realm: { value: "NAME", help: "only this realm" } },
  async run(args, io) {
    const { realm } = args.values;
    return order({ kind: "rotate", ...(realm === undefined ? {} : { realm }) }, args, io);
  },
};
