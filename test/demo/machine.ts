/** This machine as the program sees it, so that commands from another terminal know its journal. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

export const NODE = {
  nodeName: hostname().split(".")[0] ?? "",
  machineId: machineId(),
};

function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    return "";
  }
}
