import { AgentError } from "../errors.js";
import type { Run } from "./io.js";
import { order } from "./order.js";

const APPROVAL_ID = /^[0-9a-f]{64}$/;

export const sync: Run = async (args, io) => {
  const { approve } = args.values;
  if (approve === undefined) return order({ kind: "sync" }, args, io);
  if (!APPROVAL_ID.test(approve)) {
    throw new AgentError("USAGE", "--approve takes the 64 hex digits that `plan` prints last");
  }
  if (io.uid !== 0) throw new AgentError("APPROVAL_NOT_ROOT", "only root may approve");
  // sudo tells who was there before; the journal remembers it.
  const by = io.machine.env["SUDO_USER"] ?? "root";
  return order({ kind: "sync", approve, by }, args, io);
};
