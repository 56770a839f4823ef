import type { Run } from "./io.js";
import { order } from "./order.js";

export const rotate: Run = async (args, io) => {
  const { realm } = args.values;
  return order({ kind: "rotate", ...(realm === undefined ? {} : { realm }) }, args, io);
};
