/**
 * A site in the moment before a pass that makes every kind of write: what people of this cluster
 * edit by hand is put into each gap between two of its requests.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../src/config/types.js";
import { openJournal } from "../../src/journal/index.js";
import { readJournal } from "../../src/journal/journal.js";
import { silentLog } from "../../src/log.js";
import { createBed, machineOf } from "./two-writers-bed.js";
import type { Agent, Bed, Passed } from "./two-writers-bed.js";
import { configOf, entry, mapped } from "./two-writers-config.js";
import { drive, toTheEnd } from "./two-writers-drive.js";

const DAY = 86_400_000;
/** Passes after which a site that nobody touches is at rest. */
const ENOUGH_PASSES = 8;

/** Whom the pass writes, by what it does with them. */
export const PEOPLE = {
  anna: "joins one more group",
  bob: "leaves one of two groups",
  carl: "leaves the last group",
  dora: "is disabled in Entra",
  eve: "comes back, and is enabled",
  finn: "is new",
  gus: "left long ago, and is deleted",
  hal: "is renamed",
  ida: "is another person under an old name",
} as const;
export type Name = keyof typeof PEOPLE;

export interface Scene {
  readonly bed: Bed;
  /** The agent as it is before the pass under test: what it writes into its journal is undone. */
  agent: Agent;
  /** The configuration that the pass is made with. */
  readonly config: Config;
  /** The held adoption of a group, which the administrator lets through. */
  readonly approve: string;
  readonly idOf: ReadonlyMap<string, string>;
  /** The Entra group behind `ops`. */
  readonly ops: string;
  /** Everything is as it was before the pass under test, whatever has been done since. */
  rewind(): void;
  close(): void;
}

export const userid = (name: string): string => `${name}@contoso.example@entra`;

export async function createScene(): Promise<Scene> {
  const bed = await createBed({ seed: 1, users: ["user:local@pve:1:0::::::"] });
  const { world } = bed.tenant;
  const idOf = new Map(
    [...Object.keys(PEOPLE), "jo"]
      .filter((name) => name !== "finn")
      .map((name) => [name, person(bed, name)]),
  );
  const group = (name: string, members: readonly string[]): string => {
    const { id } = world.addGroup({ displayName: name });
    for (const member of members) world.join(id, idOf.get(member) ?? "");
    return id;
  };
  const all = ["anna", "bob", "carl", "dora", "eve", "gus", "hal", "ida", "jo"];
  const ops = group("ops", all);
  const dev = group("dev", ["bob", "jo"]);
  const old = group("old", ["jo"]);
  const fresh = group("new", ["jo"]);
  const taken = group("taken", ["jo"]);
  for (const name of ["manual", "other"]) bed.hands.createGroup(name, `${name}, made by hand`);
  bed.hands.createGroup("taken", "theirs until now");
  const opsAcl = [entry("/vms", "PVEVMUser")];
  const before = configOf(
    bed.sso.appId,
    [
      mapped("ops", [ops], opsAcl),
      mapped("dev", [dev], [entry("/storage", "PVEDatastoreUser")]),
      mapped("old", [old], [entry("/pool", "PVEPoolUser")]),
    ],
    { rotate: false, deleteAfterSeconds: (30 * DAY) / 1000 },
  );
  const dir = mkdtempSync(join(tmpdir(), "by-hand-"));
  const machine = { dir, clock: bed.traffic.clock, log: silentLog, ...machineOf("pve1") };
  const journal = openJournal(machine);
  const agent = bed.agent("pve1", journal);
  await untilAtRest(bed, agent, before);
  world.leave(ops, idOf.get("gus") ?? "");
  await untilAtRest(bed, agent, before);
  bed.traffic.pass(20 * DAY);
  world.leave(ops, idOf.get("eve") ?? "");
  await untilAtRest(bed, agent, before);
  bed.traffic.pass(20 * DAY);
  bed.hands.addToGroup(userid("anna"), "other");
  bed.hands.addToGroup(userid("bob"), "other");

  world.join(dev, idOf.get("anna") ?? "");
  world.leave(dev, idOf.get("bob") ?? "");
  world.leave(ops, idOf.get("carl") ?? "");
  world.disable(idOf.get("dora") ?? "");
  world.join(ops, idOf.get("eve") ?? "");
  world.join(ops, person(bed, "finn"));
  world.rename(idOf.get("hal") ?? "", "harold@contoso.example");
  const successor = world.newPersonUnderOldName(idOf.get("ida") ?? "");
  world.join(ops, successor.id);
  const [realm] = before.realms;
  const config = configOf(
    bed.sso.appId,
    [
      mapped("ops", [ops], opsAcl),
      mapped("dev", [dev], [entry("/storage", "PVEDatastoreAdmin")]),
      mapped("new", [fresh], [entry("/vms/200", "PVEVMUser")]),
      mapped("taken", [taken], undefined, { adopt: true }),
    ],
    {
      rotate: false,
      ...(realm?.deleteAfterSeconds && { deleteAfterSeconds: realm.deleteAfterSeconds }),
    },
  );
  // What is held is known before: `plan` shows its ID.
  const { approvalId = "" } = (await planOf(bed, agent, config)) ?? {};
  journal.close();
  const files = { userCfg: bed.state.userCfgText, domainsCfg: bed.state.domainsCfgText };
  const directory = bed.tenant.directory.snapshot();
  const now = bed.traffic.now;
  const scene: Scene = {
    ...{ bed, agent, config, approve: approvalId, idOf, ops },
    rewind: () => {
      scene.agent.journal.close();
      bed.state.load(files);
      bed.tenant.directory.goBack(directory);
      bed.traffic.pass(now - bed.traffic.now);
      scene.agent = bed.agent("pve1", readJournal(machine));
    },
    close: () => {
      scene.agent.journal.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return scene;
}

function person({ tenant }: Bed, name: string): string {
  return tenant.world.addUser({ upn: `${name}@contoso.example`, displayName: name }).id;
}

async function planOf(bed: Bed, agent: Agent, config: Config): Promise<Passed["report"]["plan"]> {
  const { report } = await toTheEnd(bed, agent.pass(config, { dry: true }));
  return report.plan;
}

/** The pass under test: `between` is called before each of its requests but the first. */
export async function disturbedPass(
  { bed, agent, config, approve }: Scene,
  before: Parameters<typeof drive>[2],
): Promise<void> {
  await drive(bed, agent.pass(config, { approve }), before);
}

/** Passes until one writes nothing. */
export async function untilAtRest(bed: Bed, agent: Agent, config: Config): Promise<void> {
  for (let pass = 1; ; pass += 1) {
    const { report } = await toTheEnd(bed, agent.pass(config));
    if (report.done.length === 0) return;
    if (pass === ENOUGH_PASSES) throw new Error(`still writing after ${pass} passes`);
  }
}
