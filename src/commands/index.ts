/** All commands, in the order in which the help lists them. */
import { history } from "./history.js";
import type { Command } from "./io.js";
import { plan } from "./plan.js";
import { rotate } from "./rotate.js";
import { run } from "./run.js";
import { status } from "./status.js";
import { sync } from "./sync.js";

export const COMMANDS: readonly Command[] = [run, plan, sync, rotate, status, history];
