/** The world outside the node, as the test speaks to it. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { WorldOrder } from "../emulators/common/control.js";
import { atEnd } from "./at-end.js";
import type { Lab } from "./lab.js";
import type { Answered, Order, OutsideFacts, OutsideOptions } from "./outside-messages.js";

export type { OutsideFacts } from "./outside-messages.js";

export interface Outside {
  readonly facts: OutsideFacts;
  entra(order: WorldOrder): Promise<unknown>;
  pve(order: WorldOrder): Promise<unknown>;
  /** user.cfg and domains.cfg as Proxmox VE holds them now. */
  files(): Promise<{ readonly userCfg: string; readonly domainsCfg: string }>;
  /** Which certificate the GUI and the API show from now on. */
  showCertificate(shown: "own" | "acme"): Promise<void>;
  /** Whether a person gets in by Entra ID. */
  signIn(upn: string): Promise<boolean>;
  fault(of: "entra" | "pve", fault: object): Promise<void>;
  noFaults(of: "entra" | "pve"): Promise<void>;
  /** How many faults no request has met yet. */
  faultsLeft(of: "entra" | "pve"): Promise<number>;
  secretTexts(): Promise<readonly string[]>;
}

const PROCESS = fileURLToPath(new URL("outside-process.ts", import.meta.url));

type Waiting = (answer: Answered) => void;

export async function startOutside(
  lab: Lab,
  options: Omit<OutsideOptions, "address">,
): Promise<Outside> {
  const ask = startProcess(lab);
  const started: Order = { kind: "start", options: { ...options, address: lab.address } };
  return {
    facts: (await ask(started)) as OutsideFacts,
    entra: (order) => ask({ kind: "entra", order }),
    pve: (order) => ask({ kind: "pve", order }),
    files: async () => (await ask({ kind: "files" })) as Awaited<ReturnType<Outside["files"]>>,
    showCertificate: async (shown) => void (await ask({ kind: "certificate", shown })),
    signIn: async (upn) => (await ask({ kind: "signIn", upn })) === true,
    fault: async (of, fault) => void (await ask({ kind: "fault", of, fault })),
    noFaults: async (of) => void (await ask({ kind: "noFaults", of })),
    faultsLeft: async (of) => Number(await ask({ kind: "faultsLeft", of })),
    secretTexts: async () => (await ask({ kind: "secretTexts" })) as readonly string[],
  };
}

function startProcess(lab: Lab): (order: Order) => Promise<unknown> {
  const [enter, ...args] = lab.enter([process.execPath, "--import", "tsx", PROCESS]);
  const child = spawn(enter, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  atEnd(() => void child.kill("SIGKILL"));
  const waiting = new Map<number, Waiting>();
  let last = 0;
  child.on("message", (answer: Answered) => waiting.get(answer.id)?.(answer));
  child.on("exit", () => {
    for (const [id, tell] of waiting) tell({ id, failed: "the outside world ended" });
  });
  return (order) =>
    new Promise((resolve, reject) => {
      const id = (last += 1);
      waiting.set(id, (answer) => {
        waiting.delete(id);
        if ("failed" in answer) reject(new Error(answer.failed));
        else resolve(answer.value);
      });
      child.send({ id, ...order });
    });
}
