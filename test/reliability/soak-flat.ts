/** Whether a life was flat: the middle of it against its last tenth. */
import type { Test } from "tap";
import { median } from "./soak-measure.js";
import type { Figure, Sample } from "./soak-measure.js";

const MIB = 1024 * 1024;

/**
 * How much more the end may take than the middle. Resident memory swings by 20 MB with the
 * collector's mood; the heap after a collection by a few hundred KB. Over the 5,000 passes of a
 * night's second half the heap's bound is 600 bytes a pass.
 */
const MORE: Readonly<Record<Figure, (middle: number) => number>> = {
  rss: () => 48 * MIB,
  heap: () => 3 * MIB,
  descriptors: () => 6,
  resources: () => 8,
  // A year of passes that went wrong is kept, at some 200 bytes each.
  journal: (middle) => middle / 4 + 256 * 1024,
  wal: (middle) => 5 * MIB - middle,
  series: () => 12,
};

/** Asserts each figure; gives them as words: `rss 201 → 203 MB, …`. */
export function assertFlat(t: Test, samples: readonly Sample[]): string {
  const words = (Object.keys(MORE) as Figure[]).map((figure) => {
    const middle = median(samples, figure, 0.45, 0.55);
    const end = median(samples, figure, 0.9, 1);
    const most = middle + MORE[figure](middle);
    t.ok(end <= most, `${figure}: ${end} at the end, ${middle} in the middle, at most ${most}`);
    return `${figure} ${shown(figure, middle)} → ${shown(figure, end)}`;
  });
  return words.join(", ");
}

function shown(figure: Figure, value: number): string {
  if (figure === "journal" || figure === "wal") return `${Math.round(value / 1024)} KB`;
  return figure === "rss" || figure === "heap" ? `${(value / MIB).toFixed(1)} MB` : `${value}`;
}
