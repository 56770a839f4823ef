import type { Random } from "../random.js";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH = 40;
const MARK = "~emulated.";

/**
 * The text of a new secret: 40 characters as Entra's, beginning with three by chance (the hint),
 * and saying of itself that it opens nothing real.
 */
export function newSecretText(random: Random): string {
  const hint = random.text(3, LETTERS);
  return `${hint}${MARK}${random.text(LENGTH - 3 - MARK.length, `${LETTERS}-_.~`)}`;
}

/** What Graph shows of a secret ever after: its first three characters. */
export function hintOf(secretText: string): string {
  return secretText.slice(0, 3);
}
