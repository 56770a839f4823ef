/** The facts of one pass over a drawn site, as the program gathers them, and nothing written. */
import { decide } from "../../src/decide/decide.js";
import { sha256 } from "../../src/pass/sync.js";
import type { LifeDraw } from "./draw.js";
import { LivingSite } from "./site.js";
import type { Look } from "./site.js";

export interface OneLook {
  readonly look: Look;
  readonly domainsCfg: string;
}

/** What the first pass of the life saw; undefined where it saw nothing whole. */
export async function oneLook(draw: LifeDraw): Promise<OneLook | undefined> {
  const site = new LivingSite(draw);
  try {
    const [step] = draw.steps;
    if (step === undefined) return undefined;
    site.live(step);
    const stopped = [{ kind: "stopped" as const, a: 0, b: 0, c: 0 }];
    const { looks } = await site.pass(
      { ...step, approve: false, faults: stopped },
      { look: () => undefined, write: () => undefined },
    );
    const [look] = looks;
    return look && { look, domainsCfg: site.pve.state.domainsCfgText };
  } finally {
    site.close();
  }
}

/** The same facts with other limits of the guard, decided. */
export function withGuard(
  { look }: OneLook,
  guard: Partial<Look["facts"]["config"]["guard"]>,
): ReturnType<typeof decide>["plan"] {
  const limits = { ...look.facts.config.guard, ...guard };
  return decide({ ...look.facts, config: { guard: limits } }, sha256).plan;
}
