/** Chance that a seed repeats: the same seed gives the same delays, ids and choices of replica. */
export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** An index below `count`. */
  index(count: number): number;
  between(min: number, max: number): number;
  /** A version 4 UUID. */
  uuid(): string;
  /** That many characters out of an alphabet. */
  text(length: number, alphabet: string): string;
  /** The same items in another order. */
  shuffle<T>(items: readonly T[]): T[];
  /** Where in its sequence it is; given to `goTo`, everything from here on comes again. */
  position(): number;
  goTo(position: number): void;
}

const HEX = "0123456789abcdef";

/** Mulberry32: small, fast, and good enough for choosing replicas; nothing here needs secrecy. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const index = (count: number): number => Math.floor(next() * count);
  const text = (length: number, alphabet: string): string =>
    Array.from({ length }, () => alphabet.charAt(index(alphabet.length))).join("");
  return {
    next,
    index,
    text,
    between: (min, max) => min + next() * (max - min),
    uuid: () =>
      `${text(8, HEX)}-${text(4, HEX)}-4${text(3, HEX)}-${text(1, "89ab")}${text(3, HEX)}-${text(12, HEX)}`,
    shuffle(items) {
      const result = [...items];
      for (let last = result.length - 1; last > 0; last -= 1) {
        const other = index(last + 1);
        const moved = result[last] as (typeof result)[number];
        result[last] = result[other] as (typeof result)[number];
        result[other] = moved;
      }
      return result;
    },
    position: () => state,
    goTo: (position) => void (state = position),
  };
}
