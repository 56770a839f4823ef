import { redact, redactDeep } from "../redact.js";
import type { ControlEvent, Happening } from "./events.js";

/** No plan as JSON nests deeper. */
const PLAN_DEPTH = 16;

/** The event as it may be shown: its words may come from a library's error, and hold a secret. */
export function worded(event: Happening): Happening;
export function worded(event: ControlEvent): ControlEvent;
export function worded(event: ControlEvent): ControlEvent {
  switch (event.type) {
    case "progress":
      return { ...event, text: redact(event.text) };
    case "finding":
      return { ...event, finding: { ...event.finding, message: redact(event.finding.message) } };
    case "done":
      return event.message === undefined ? event : { ...event, message: redact(event.message) };
    case "plan":
      return { ...event, plan: redactDeep(event.plan, PLAN_DEPTH) };
  }
}
