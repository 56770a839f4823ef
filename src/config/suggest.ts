/**
 * The one of `known` that somebody most likely meant by `written`: the same letters in another
 * spelling (`tokenFile`, `token-file`), or at most a third of the letters amiss.
 */
export function suggest(written: string, known: readonly string[]): string | undefined {
  if (written.length > 40) return undefined;
  const plain = letters(written);
  const limit = Math.min(3, Math.floor(plain.length / 3));
  const near = known
    .map((word) => ({ word, distance: distance(plain, letters(word)) }))
    .filter((one) => one.distance <= limit)
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.word;
}

function letters(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** How many letters have to be added, dropped or changed to make one word of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...b].entries()) {
      const change = (row[column] ?? 0) + (letter === other ? 0 : 1);
      const drop = (row[column + 1] ?? 0) + 1;
      const add = (next[column] ?? 0) + 1;
      next.push(Math.min(change, drop, add));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
