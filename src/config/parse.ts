import { parseTOML, ParseError } from "toml-eslint-parser";
import { TOP } from "./problems.js";
import type { Place } from "./problems.js";
import { TooDeep, toTree } from "./tree.js";
import type { TomlTable } from "./tree.js";

/** Why a text is not TOML 1.0; of several reasons only the first is known. */
export class SyntaxProblem extends Error {
  readonly place: Place;
  readonly instead: string;

  constructor(place: Place, message: string, instead: string) {
    super(message);
    this.place = place;
    this.instead = instead;
  }
}

/** A kilobyte holds a realm; past this, it is not a configuration. */
export const MOST_BYTES = 1024 * 1024;

/**
 * Reads TOML 1.0.
 * @throws SyntaxProblem
 */
export function parseToml(bytes: Uint8Array): TomlTable {
  if (bytes.length > MOST_BYTES) {
    throw new SyntaxProblem(TOP, "the file is larger than 1 MiB", "write a smaller one");
  }
  const text = decode(bytes);
  try {
    return toTree(parseTOML(text, { tomlVersion: "1.0" }));
  } catch (error) {
    throw asSyntaxProblem(error, text);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SyntaxProblem(TOP, "the file is not UTF-8", "save it as UTF-8");
  }
}

function asSyntaxProblem(error: unknown, text: string): unknown {
  const tooDeep = "the values are nested too deeply";
  const flatter = "write them as config.example.toml does";
  if (error instanceof TooDeep) return new SyntaxProblem(error.place, tooDeep, flatter);
  // The parser recurses, so a text made of brackets alone exhausts the stack.
  if (error instanceof RangeError) return new SyntaxProblem(TOP, tooDeep, flatter);
  if (!(error instanceof ParseError)) return error;
  const place = { line: error.lineNumber, column: error.column + 1 };
  const [before, rest] = splitAt(text, place);
  const [message, instead] = explain(error.message, before, rest);
  return new SyntaxProblem(place, message, instead);
}

function splitAt(text: string, { line, column }: Place): [before: string, rest: string] {
  const whole = text.split("\n")[line - 1] ?? "";
  return [whole.slice(0, column - 1), whole.slice(column - 1)];
}

/**
 * The parser's message, in words that say what to do. It is told apart by its text since the
 * parser keeps its code to itself; what is not known here is passed on as it is. What stands in
 * the file is looked at but never repeated.
 */
function explain(message: string, before: string, rest: string): [string, string] {
  const known = EXPLANATIONS.find(([theirs]) => message.startsWith(theirs));
  if (rest.startsWith("//")) return ["a comment begins with #", "write # in place of //"];
  if (message === "Unexpected character") {
    if (isBareText(before, rest)) {
      return ["text stands here without quotes", 'write it in double quotes, as in key = "text"'];
    }
    const alike = LOOKALIKES.find(([pattern]) => pattern.test(rest));
    if (alike !== undefined) return [alike[1], alike[2]];
  }
  return known === undefined
    ? [`this is not TOML 1.0 (${message.toLowerCase()})`, "correct it"]
    : [known[1], known[2]];
}

/** A colon behind an equals sign is of an address. In braces it may stand in place of the next one. */
function isBareText(before: string, rest: string): boolean {
  return /^[A-Za-z/.~]/.test(rest) || (rest.startsWith(":") && /^[^{]*=[^{]*$/.test(before));
}

/** What a web page or a word processor makes of a configuration, and what YAML looks like. */
const LOOKALIKES: readonly (readonly [begins: RegExp, message: string, instead: string])[] = [
  [/^[‘-‟«»´`]/, "this is not the quote that TOML knows", 'write it anew, as in key = "text"'],
  [
    /^[\u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]/,
    "this is not the space that TOML knows",
    "write it anew",
  ],
  [/^:/, "the equals sign is missing", 'write key = "text"'],
];

const EXPLANATIONS: readonly (readonly [theirs: string, message: string, instead: string])[] = [
  [
    "Defining a key multiple times",
    "this key or section is already there",
    "keep one of the two ([[realm]] and [[realm.group]], with two brackets, may be repeated)",
  ],
  ["Unspecified values", "the value is missing", 'write one, as in key = "text"'],
  [
    "The key, equals sign, and value",
    "a line ends too early",
    "write key = value, or [section], on one line",
  ],
  ["Unterminated string", "the closing quote is missing", "close the text with the same quote"],
  ["Unterminated array", "the closing bracket of the list is missing", "close it with ]"],
  ["Unterminated inline table", "the closing brace is missing", "close it with }"],
  ["Unterminated table-key", "the closing bracket of the section is missing", "close it with ]"],
  ["Expected equal", "the equals sign is missing", 'write key = "text"'],
  ["Expected comma", "a comma is missing", "put one between the values"],
  ["Must be a newline", "something stands behind the value", "begin a new line, or quote the text"],
  ["Leading zeros", "a number begins with a zero", "write it without, or in quotes if it is text"],
  [
    "No newlines are allowed between",
    "braces go over more than one line",
    "write { … } on one line (a list in [ ] may go over several)",
  ],
  [
    "Invalid character in escape",
    "the text has a backslash that means nothing",
    "write two backslashes, or put the text in single quotes",
  ],
];
