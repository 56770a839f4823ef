/** A network of our own: a namespace with a bridge in it, that nothing outside can reach or see. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "../package/run.js";
import { atEnd } from "./at-end.js";

export interface Lab {
  /** A name that no other run has, for whatever else needs one. */
  readonly name: string;
  /** A folder that goes with the lab. */
  readonly dir: string;
  readonly bridge: string;
  /** The address of the bridge, where servers of the outside world listen. */
  readonly address: string;
  /** The address with its prefix that a node takes. */
  readonly nodeAddress: string;
  /** The command line that runs another one inside the namespace. */
  enter(command: readonly string[]): readonly [string, ...string[]];
}

/** Needs root. */
export function makeLab(): Lab {
  const name = `pea-${process.pid}-${randomBytes(2).toString("hex")}`;
  const dir = mkdtempSync(join(realpathSync(tmpdir()), "pve-entra-boot-"));
  atEnd(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  must("ip", ["netns", "add", name]);
  atEnd(() => void must("ip", ["netns", "delete", name]));
  // Not `ip netns exec`: it would mount /sys anew.
  const enter: Lab["enter"] = (command) => ["nsenter", `--net=/run/netns/${name}`, ...command];
  const inside = (...command: string[]): void => {
    const [program, ...args] = enter(command);
    must(program, args);
  };
  inside("ip", "link", "set", "lo", "up");
  inside("ip", "link", "add", "br0", "type", "bridge");
  inside("ip", "address", "add", "10.97.0.1/24", "dev", "br0");
  inside("ip", "link", "set", "br0", "up");
  return { name, dir, bridge: "br0", address: "10.97.0.1", nodeAddress: "10.97.0.2/24", enter };
}
