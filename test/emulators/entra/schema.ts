import { existsSync, readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import { Paths } from "./graph/route-match.js";

/** Holds answers of the emulator against the OpenAPI description made from Microsoft's metadata. */

interface Operation {
  requestBody?: { content: Record<string, unknown> };
  responses: Record<string, { $ref?: string; content?: Record<string, unknown> }>;
}

type PathItem = Record<string, Operation> & { "x-aliases"?: string[] };

interface Description {
  paths: Record<string, PathItem>;
}

/** The path of an operation in the description, and the operation. */
interface Found {
  template: string;
  item: PathItem;
}

const FILE = new URL("../../../../shared/graph-openapi-subset.json", import.meta.url);
const DOCUMENT = "https://emulator.invalid/graph.json";

// ajv-formats is CommonJS, whose default export TypeScript sees one level too high.
const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void;

/** Escapes a key for a JSON pointer inside a URI fragment. */
function pointer(...keys: string[]): string {
  const escaped = keys.map((key) =>
    encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1")),
  );
  return `${DOCUMENT}#/${escaped.join("/")}`;
}

/** Whether the description lies where it is looked for: beside the repository. */
export function hasDescription(): boolean {
  return existsSync(FILE);
}

export class GraphSchema {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly description: Description;
  private readonly paths = new Paths<Found>();
  private readonly compiled = new Map<string, ValidateFunction>();

  constructor() {
    this.description = JSON.parse(readFileSync(FILE, "utf8")) as Description;
    addFormats(this.ajv);
    this.ajv.addFormat("base64", /^[A-Za-z0-9+/_-]*={0,2}$/);
    this.ajv.addSchema(this.description, DOCUMENT);
    for (const [template, item] of Object.entries(this.description.paths)) {
      this.paths.add(template, { template, item });
    }
  }

  /** Methods and paths of the description, as it spells them. */
  operations(): { method: string; path: string }[] {
    return Object.entries(this.description.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => !key.startsWith("x-") && key !== "parameters")
        .map((method) => ({ method: method.toUpperCase(), path })),
    );
  }

  /** The description's spelling of a path such as `/groups/<id>/members`, if it has it. */
  template(path: string): string | undefined {
    return this.paths.match(path)?.target.template;
  }

  /**
   * What is wrong with an answer; an empty list if nothing is. `path` is below `/v1.0`, without
   * the query. An answer to what the description does not have must be an error.
   */
  response(method: string, path: string, status: number, body: unknown): string[] {
    const found = this.paths.match(path)?.target;
    const operation = found?.item[method.toLowerCase()];
    if (!found || !operation) {
      const schema = pointer("components", "schemas", "microsoft.graph.ODataErrors.ODataError");
      return status < 400 ? [`${status} for what is not described`] : this.check(schema, body);
    }
    const keys = [String(status), `${Math.floor(status / 100)}XX`];
    const key = keys.find((candidate) => candidate in operation.responses);
    if (key === undefined) return [`status ${status} is not described`];
    const at = ["paths", found.template, method.toLowerCase(), "responses", key];
    return this.content(operation.responses[key] ?? {}, at, body);
  }

  /** What is wrong with a request's body by the description; an empty list if nothing is. */
  request(method: string, path: string, body: unknown): string[] {
    const found = this.paths.match(path)?.target;
    const operation = found?.item[method.toLowerCase()];
    if (!found || !operation?.requestBody) return [];
    const at = ["paths", found.template, method.toLowerCase(), "requestBody"];
    return this.content(operation.requestBody, at, body);
  }

  private content(
    described: { $ref?: string; content?: Record<string, unknown> },
    at: string[],
    body: unknown,
  ): string[] {
    if (described.$ref !== undefined) {
      const keys = described.$ref.slice(2).split("/");
      return this.check(pointer(...keys, "content", "application/json", "schema"), body);
    }
    if (!described.content) {
      return body === undefined || body === "" ? [] : ["a body where none is described"];
    }
    const type = Object.keys(described.content)[0] ?? "application/json";
    const value = type === "text/plain" ? Number(body) : body;
    return this.check(pointer(...at, "content", type, "schema"), value);
  }

  private check(ref: string, value: unknown): string[] {
    const validate = this.compiled.get(ref) ?? this.ajv.compile({ $ref: ref });
    this.compiled.set(ref, validate);
    // As it would go over the wire: properties that are undefined do not exist.
    const sent = value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
    if (validate(sent)) return [];
    return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ""}`);
  }
}

let shared: GraphSchema | undefined;

/** The description, read once a process. Throws where the file is not there. */
export function graphSchema(): GraphSchema {
  shared ??= new GraphSchema();
  return shared;
}

/** What is wrong with a Graph answer by the description; an empty list if nothing is. */
export function validateGraphResponse(
  method: string,
  path: string,
  status: number,
  body: unknown,
): string[] {
  return graphSchema().response(method, path, status, body);
}
