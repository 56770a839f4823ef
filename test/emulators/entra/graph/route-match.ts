/** A path of the OpenAPI description, ready to be matched. */
interface Template<T> {
  segments: Segment[];
  target: T;
}

type Segment =
  | { kind: "literal"; text: string }
  | { kind: "parameter"; name: string }
  /** `applications(appId='{appId}')` */
  | { kind: "keyed"; before: string; name: string; after: string };

/** A match: the target, and the decoded parameters. */
export interface Match<T> {
  target: T;
  params: Record<string, string>;
}

/** Other spellings of a segment that Graph takes for the same. */
const ALIASES: Readonly<Record<string, string>> = {
  "microsoft.graph.user": "graph.user",
  "microsoft.graph.group": "graph.group",
  delta: "delta()",
  "microsoft.graph.delta": "delta()",
  "microsoft.graph.delta()": "delta()",
};

function segmentOf(text: string): Segment {
  const parameter = /^\{([^}]+)\}$/.exec(text)?.[1];
  if (parameter !== undefined) return { kind: "parameter", name: parameter };
  const keyed = /^([^{]+)\{([^}]+)\}([^}]+)$/.exec(text);
  const [, before, name, after] = keyed ?? [];
  if (before !== undefined && name !== undefined && after !== undefined) {
    return { kind: "keyed", before, name, after };
  }
  return { kind: "literal", text };
}

function matchSegment(segment: Segment, text: string): Record<string, string> | undefined {
  switch (segment.kind) {
    case "literal":
      return (ALIASES[text] ?? text) === segment.text ? {} : undefined;
    case "parameter":
      return { [segment.name]: text };
    case "keyed": {
      const { before, name, after } = segment;
      if (!text.startsWith(before) || !text.endsWith(after)) return undefined;
      const value = text.slice(before.length, text.length - after.length);
      return value.length > 0 ? { [name]: value } : undefined;
    }
  }
}

function decoded(path: string): string[] | undefined {
  try {
    return path.split("/").slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function literals(segments: Segment[]): number {
  return segments.filter((segment) => segment.kind !== "parameter").length;
}

/** Matches paths against templates such as `/groups/{group-id}/members`; literal segments go first. */
export class Paths<T> {
  private readonly templates: Template<T>[] = [];

  add(path: string, target: T): void {
    const segments = path.split("/").slice(1).map(segmentOf);
    this.templates.push({ segments, target });
    this.templates.sort((x, y) => literals(y.segments) - literals(x.segments));
  }

  /** `path` as sent, without a query. */
  match(path: string): Match<T> | undefined {
    const texts = decoded(path);
    if (!texts) return undefined;
    for (const { segments, target } of this.templates) {
      if (segments.length !== texts.length) continue;
      const parts = segments.map((segment, n) => matchSegment(segment, texts[n] ?? ""));
      if (parts.every((part) => part !== undefined)) {
        return { target, params: Object.assign({}, ...parts) as Record<string, string> };
      }
    }
    return undefined;
  }
}
