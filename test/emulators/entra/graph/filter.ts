import { GRAPH_ERRORS } from "./errors.js";
import type { Resource } from "./shape.js";

/** A filter over resources, and whether it needs the advanced query engine. */
export interface Filter {
  matches(resource: Resource): boolean;
  advanced: boolean;
}

type Test = (resource: Resource) => boolean;
type Literal = string | boolean | number | null;

const TOKEN = /\s*(?:(\(|\)|,)|'((?:[^']|'')*)'|([A-Za-z0-9_.+:/-]+))/y;

interface Token {
  kind: "mark" | "text" | "word";
  value: string;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const scanner = new RegExp(TOKEN);
  const end = text.trimEnd().length;
  while (scanner.lastIndex < end) {
    const at = scanner.lastIndex;
    const found = scanner.exec(text);
    if (!found) {
      throw GRAPH_ERRORS.bad(`Invalid filter clause: Syntax error at position ${at} in '${text}'.`);
    }
    const [, mark, quoted, word] = found;
    if (mark !== undefined) tokens.push({ kind: "mark", value: mark });
    else if (quoted !== undefined)
      tokens.push({ kind: "text", value: quoted.replaceAll("''", "'") });
    else tokens.push({ kind: "word", value: word ?? "" });
  }
  return tokens;
}

function sameValue(actual: unknown, wanted: Literal): boolean {
  if (Array.isArray(actual)) return actual.some((entry) => sameValue(entry, wanted));
  // Entra compares texts without regard to case.
  if (typeof actual === "string" && typeof wanted === "string") {
    return actual.toLowerCase() === wanted.toLowerCase();
  }
  return (actual ?? null) === wanted;
}

/** Reads `$filter`: eq, ne, in, startsWith, endsWith, and, or, not, parentheses. */
class Reader {
  private at = 0;
  advanced = false;

  constructor(
    private readonly text: string,
    private readonly tokens: Token[],
    private readonly hasProperty: (name: string) => boolean,
  ) {}

  whole(): Test {
    const test = this.either();
    if (this.at < this.tokens.length) throw this.broken();
    return test;
  }

  private either(): Test {
    let test = this.both();
    while (this.skipWord("or")) {
      const [left, right] = [test, this.both()];
      test = (resource) => left(resource) || right(resource);
    }
    return test;
  }

  private both(): Test {
    let test = this.single();
    while (this.skipWord("and")) {
      const [left, right] = [test, this.single()];
      test = (resource) => left(resource) && right(resource);
    }
    return test;
  }

  private single(): Test {
    if (this.skipWord("not")) {
      this.advanced = true;
      const inner = this.single();
      return (resource) => !inner(resource);
    }
    if (this.skipMark("(")) {
      const inner = this.either();
      this.needMark(")");
      return inner;
    }
    const name = this.word();
    if (name === "startswith" || name === "startsWith") return this.affix("startsWith");
    if (name === "endswith" || name === "endsWith") {
      this.advanced = true;
      return this.affix("endsWith");
    }
    return this.comparison(name);
  }

  private affix(how: "startsWith" | "endsWith"): Test {
    this.needMark("(");
    const name = this.property(this.word());
    this.needMark(",");
    const wanted = String(this.literal()).toLowerCase();
    this.needMark(")");
    return (resource) => {
      const actual = resource[name];
      return typeof actual === "string" && actual.toLowerCase()[how](wanted);
    };
  }

  private comparison(word: string): Test {
    const name = this.property(word);
    const operator = this.word();
    if (operator === "in") return this.membership(name);
    if (operator !== "eq" && operator !== "ne") throw this.broken();
    const wanted = this.literal();
    if (operator === "eq") return (resource) => sameValue(resource[name], wanted);
    this.advanced = true;
    return (resource) => !sameValue(resource[name], wanted);
  }

  private membership(name: string): Test {
    this.needMark("(");
    const wanted = [this.literal()];
    while (this.skipMark(",")) wanted.push(this.literal());
    this.needMark(")");
    if (wanted.length > 15) {
      throw GRAPH_ERRORS.unsupportedQuery(
        "Too many child clauses specified in search filter expression containing 'OR' operators: " +
          `${wanted.length}. Max allowed: 15.`,
      );
    }
    return (resource) => wanted.some((value) => sameValue(resource[name], value));
  }

  private property(name: string): string {
    if (this.hasProperty(name)) return name;
    throw GRAPH_ERRORS.bad(`Invalid filter clause: Could not find a property named '${name}'.`);
  }

  private literal(): Literal {
    const token = this.tokens[this.at];
    this.at += 1;
    if (token?.kind === "text") return token.value;
    if (token?.kind !== "word") throw this.broken();
    if (token.value === "null") return null;
    if (token.value === "true" || token.value === "false") return token.value === "true";
    return /^-?\d+$/.test(token.value) ? Number(token.value) : token.value;
  }

  private word(): string {
    const token = this.tokens[this.at];
    if (token?.kind !== "word") throw this.broken();
    this.at += 1;
    return token.value;
  }

  private skipWord(word: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== "word" || token.value !== word) return false;
    this.at += 1;
    return true;
  }

  private skipMark(mark: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== "mark" || token.value !== mark) return false;
    this.at += 1;
    return true;
  }

  private needMark(mark: string): void {
    if (!this.skipMark(mark)) throw this.broken();
  }

  private broken(): Error {
    return GRAPH_ERRORS.bad(`Invalid filter clause: Syntax error in '${this.text}'.`);
  }
}

/** Reads a `$filter`; refuses what is malformed or names a property that the type lacks. */
export function parseFilter(text: string, hasProperty: (name: string) => boolean): Filter {
  const reader = new Reader(text, tokensOf(text), hasProperty);
  const matches = reader.whole();
  return { matches, advanced: reader.advanced };
}
