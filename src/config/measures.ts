import type { Kind } from "./kind.js";
import { text } from "./kind.js";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
const BYTES = { B: 1, KiB: 1024, MiB: 1024 * 1024 } as const;

/** `"90s"`, `"15m"`, `"24h"`, `"180d"`, `"2w"`: seconds, or undefined where it is not a duration. */
export function parseDuration(written: string): number | undefined {
  return measure(written, SECONDS);
}

/** `"512B"`, `"64KiB"`, `"1MiB"`: bytes, or undefined where it is not a size. */
export function parseSize(written: string): number | undefined {
  return measure(written, BYTES);
}

/** A duration within bounds, both included; read as seconds. */
export function duration(least: string, most: string, example: string): Kind<number> {
  return bounded("a duration", parseDuration, least, most, example);
}

/** A size within bounds, both included; read as bytes. */
export function size(least: string, most: string, example: string): Kind<number> {
  return bounded("a size", parseSize, least, most, example);
}

function bounded(
  what: string,
  parse: (written: string) => number | undefined,
  least: string,
  most: string,
  example: string,
): Kind<number> {
  const floor = parse(least) ?? 0;
  const ceiling = parse(most) ?? 0;
  return text(`${what} from "${least}" to "${most}"`, `"${example}"`, (written) => {
    const number = parse(written);
    return number !== undefined && number >= floor && number <= ceiling ? number : undefined;
  });
}

/** A whole number and its unit with nothing between. Nine digits stay exact in every unit. */
function measure(written: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = /^(\d{1,9})([A-Za-z]{1,3})$/.exec(written) ?? [];
  const factor = new Map(Object.entries(units)).get(unit ?? "");
  return factor === undefined ? undefined : Number(digits) * factor;
}
