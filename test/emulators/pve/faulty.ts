import { setTimeout as sleep } from "node:timers/promises";
import { type FaultEffect, firstHalf, GARBAGE } from "../common/faults.js";
import { type Outgoing, plainAnswer, resultAnswer } from "./response.js";
import type { Outcome } from "./server.js";

type Replacement = Extract<FaultEffect, { kind: "body" }>["replace"];

/** A plausible and wrong result: PVE knows no pages, so there half of a list is lost, or all of it comes twice. */
function wrongResult(answer: Outgoing, replace: Replacement): Outgoing {
  const body = JSON.parse(answer.body.toString()) as { data?: unknown };
  const list = Array.isArray(body.data) ? body.data : [];
  const data = {
    "empty-list": [],
    nulls: null,
    "page-lost": list.slice(0, Math.floor(list.length / 2)),
    "page-repeats": [...list, ...list],
  }[replace];
  return { ...answer, body: Buffer.from(JSON.stringify({ ...body, data })) };
}

function orderedStatus(effect: Extract<FaultEffect, { kind: "status" }>): Outcome {
  const { status, reason, headers, body = "" } = effect;
  const asJson = typeof body === "object";
  const answer = plainAnswer(status, reason ?? "", asJson ? JSON.stringify(body) : body);
  const typed = asJson ? { ...answer, contentType: "application/json;charset=UTF-8" } : answer;
  return headers ? Object.assign(typed, { headers }) : typed;
}

/** Lets an ordered fault happen to a request; `honest` does what was asked and answers it. */
export async function faulty(
  effect: FaultEffect,
  honest: () => Promise<Outgoing>,
): Promise<Outcome> {
  switch (effect.kind) {
    case "status":
      if (effect.withEffect) await honest();
      return orderedStatus(effect);
    case "delay":
      await sleep(effect.ms);
      return honest();
    case "hold":
      await effect.until;
      return honest();
    case "stall":
      if (effect.withEffect) await honest();
      return "stall";
    case "cut":
      if (effect.when === "after") await honest();
      return "cut";
    case "garbage":
      return { ...(await honest()), body: Buffer.from(GARBAGE) };
    case "truncate": {
      const answer = await honest();
      return { ...answer, body: Buffer.from(firstHalf(answer.body.toString())) };
    }
    case "body":
      return wrongResult(await honest(), effect.replace);
    case "date":
      // Nobody reads PVE's: Entra's time is what everything is dated by.
      return honest();
    case "json":
      return { ...resultAnswer("json", null), body: Buffer.from(JSON.stringify(effect.body)) };
  }
}
