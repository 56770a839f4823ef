/** Whose work is in the package besides ours, and on what terms. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { ADDONS } from "./bundle.js";
import { ROOT } from "./project.js";

export interface Licensed {
  readonly name: string;
  readonly version: string;
  /** The identifier by which the package itself calls its licence. */
  readonly licence: string;
  /** The text that came with it; absent: none came. */
  readonly text?: string;
  readonly author?: string;
  readonly homepage?: string;
}

/** What is compiled into an addon and leaves no trace in the bundle. */
const COMPILED = [...Object.values(ADDONS), "nan"];

/** The packages of which something is in the program or its addons, by name. */
export function bundledPackages(metafile: Metafile): readonly Licensed[] {
  const places = new Set(COMPILED.map((name) => `node_modules/${name}`));
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const place = packageOf(file);
      if (place !== undefined && bytesInOutput > 0) places.add(place);
    }
  }
  return [...places]
    .map(read)
    .sort((a, b) => compare(`${a.name} ${a.version}`, `${b.name} ${b.version}`));
}

/** The innermost package that a file belongs to; one may have others of its own inside. */
function packageOf(file: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

function read(place: string): Licensed {
  const folder = join(ROOT, place);
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string | { type?: string };
    author?: string | { name?: string };
    homepage?: string;
  };
  const licence = typeof about.license === "string" ? about.license : about.license?.type;
  if (licence === undefined) throw new Error(`${about.name} names no licence`);
  const author = typeof about.author === "string" ? about.author : about.author?.name;
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)(\.|$)/i.test(name));
  return {
    name: about.name,
    version: about.version,
    licence,
    ...(author === undefined ? {} : { author }),
    ...(about.homepage === undefined ? {} : { homepage: about.homepage }),
    ...(file === undefined ? {} : { text: readFileSync(join(folder, file), "utf8") }),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
