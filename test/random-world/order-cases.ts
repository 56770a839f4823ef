/**
 * The order of a plan as the executor meets it: each write done or refused, one after the other, on
 * the emulator itself, and everybody's rights looked at by its oracle after each (P3).
 */
import { decide } from "../../src/decide/decide.js";
import type { Sequencer } from "../../src/decide/order.js";
import type { Action, Write } from "../../src/decide/plan.js";
import { sha256 } from "../../src/pass/sync.js";
import { makeDesired } from "./desired.js";
import { MemoryPve } from "./pve.js";
import { parsed, placesOf, Rights } from "./rights.js";
import type { Look } from "./site.js";

const never = new AbortController().signal;

/** Goes through the plan with the nth write refused (from 0; -1: none); returns how many were given. */
export async function goThrough(look: Look, domainsCfg: string, refused: number): Promise<number> {
  const pve = new MemoryPve(look.userCfg, domainsCfg);
  const port = pve.port();
  const bounds = boundsOf(look);
  const sequencer = decide(look.facts, sha256).sequencer();
  let given = 0;
  for (let action = sequencer.next(); action !== undefined; action = sequencer.next()) {
    if (given > 400) throw new Error("the plan does not end");
    given += 1;
    if (given - 1 === refused) {
      refuse(sequencer, action);
      continue;
    }
    await port.write(action.write, await listOf(port, action.write), never);
    sequencer.done(action);
    bounds.check(pve.state.userCfgText, action.write);
  }
  return given;
}

/** As the executor does: in parts where there are any, else not at all. */
function refuse(sequencer: Sequencer, action: Action): void {
  if (!sequencer.divided(action)) sequencer.refused(action);
}

async function listOf(
  port: ReturnType<MemoryPve["port"]>,
  write: Write,
): Promise<readonly string[] | undefined> {
  if (write.kind !== "update-user" || write.leave.length === 0) return undefined;
  const { groups } = await port.readUser(write.userid, never);
  const kept = groups.filter((group) => !write.leave.includes(group));
  return [...new Set([...kept, ...write.join])];
}

function boundsOf(look: Look): { check: (userCfg: string, write: Write) => void } {
  const now = look.facts.time.now;
  const file = parsed(look.userCfg);
  const desired = makeDesired(parsed(look.userCfg), look.plan);
  const [old, next] = [new Rights(file, now), new Rights(desired, now)];
  const places = placesOf(file, desired);
  const reborn = new Set<string>();
  return {
    check(userCfg, write) {
      if (write.kind === "delete-user") reborn.add(write.userid);
      const state = parsed(userCfg);
      const rights = new Rights(state, now);
      for (const who of state.users.keys()) {
        for (const path of places) {
          const before = reborn.has(who) ? undefined : old.of(who, path);
          const after = next.of(who, path);
          const over = [...rights.of(who, path)].find(
            (privilege) => before?.has(privilege) !== true && !after.has(privilege),
          );
          if (over === undefined) continue;
          throw new Error(`P3: after ${JSON.stringify(write)} ${who} has ${over} at ${path}`);
        }
      }
    },
  };
}
