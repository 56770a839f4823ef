/** A whole site with people in it, and passes whose every write and finding is compared. */
import type { Test } from "tap";
import type { Plan } from "../src/decide/plan.js";
import type { PassReport } from "../src/pass/pass.js";
import { DOMAIN, startSite } from "./support/site.js";
import type { ConfigParts, PveUserView, Site, SiteOptions } from "./support/site.js";

export const DAY = 24 * 60 * 60_000;
/** The day on which every site begins, as marks carry it. */
export const TODAY = "2026-11-22";

export interface Expected {
  /** Every write that PVE got, in any order, as `described` words them. */
  readonly writes: readonly string[];
  /** The codes of every finding, in any order. */
  readonly codes?: readonly string[];
  /** How many changes wait for an approval. */
  readonly held?: number;
}

export type Report = PassReport & { readonly plan: Plan };

export interface Bed {
  readonly site: Site;
  /** A person of Entra; later words call them by this name. Gives the object id. */
  person(name: string, more?: Parameters<Site["addUser"]>[1]): string;
  /** Names somebody whom Entra made otherwise. */
  call(name: string, id: string): void;
  /**
   * One pass. Compares every write and finding with what is expected, and that the lines of all
   * users whom no write names stay as they were.
   */
  pass(t: Test, what: string, expected: Expected, parts?: ConfigParts): Promise<Report>;
  /** The next pass finds nothing to write. */
  settled(t: Test, codes?: readonly string[], parts?: ConfigParts): Promise<Report>;
  user(name: string): PveUserView | undefined;
  /** `<name>@contoso.example@entra` */
  userid(name: string): string;
  /** The comment's mark of a person, with flags. */
  mark(name: string, flags?: string): string;
}

export async function startBed(
  t: Test,
  usual: (site: Site) => ConfigParts,
  options: SiteOptions = {},
): Promise<Bed> {
  const site = await startSite(t, options);
  const names = new Map<string, string>();
  const userid = (name: string): string => (name.includes("@") ? name : `${name}@${DOMAIN}@entra`);
  const idOf = (name: string): string => {
    const found = [...names].find(([, called]) => called === name)?.[0];
    if (found === undefined) throw new RangeError(`nobody is called ${name}`);
    return found;
  };
  const bed: Bed = {
    site,
    person: (name, more) => {
      const id = site.addUser(name, more);
      names.set(id, name);
      return id;
    },
    call: (name, id) => void names.set(id, name),
    pass: (t, what, expected, parts) =>
      onePass(t, site, names, what, expected, parts ?? usual(site)),
    settled: (t, codes = [], parts) =>
      bed.pass(t, "nothing is left to do", { writes: [], codes }, parts),
    user: (name) => site.user(userid(name)),
    userid,
    mark: (name, flags) => `[entra:${idOf(name)}${flags === undefined ? "" : ` ${flags}`}]`,
  };
  return bed;
}

async function onePass(
  t: Test,
  site: Site,
  names: ReadonlyMap<string, string>,
  what: string,
  expected: Expected,
  parts: ConfigParts,
): Promise<Report> {
  site.pve.log.clear();
  const before = userLines(site);
  const report = await site.pass(parts);
  const requests = site.pve.log.entries().filter(({ method }) => method !== "GET");
  const writes = requests.map((one) => described(one, names));
  t.strictSame(writes.sort(), [...expected.writes].sort(), `${what}: the writes`);
  const codes = report.findings.map(({ code }) => code);
  t.strictSame(
    codes.sort(),
    [...(expected.codes ?? [])].sort(),
    `${what}: the findings (${report.findings.map(({ message }) => message).join("; ")})`,
  );
  t.equal(report.plan.holds.length, expected.held ?? 0, `${what}: the held changes`);
  const text = requests.map(({ path, body }) => decoded(path) + decoded(body ?? "")).join("\n");
  const others = (lines: readonly string[]): readonly string[] =>
    lines.filter((line) => !text.includes(line.split(":")[1]?.split("!")[0] ?? ""));
  t.strictSame(others(userLines(site)), others(before), `${what}: everybody else's lines`);
  return report;
}

/** `PUT users/anna comment=[entra:anna] groups=ops`, with the status where PVE refused. */
function described(
  request: { method: string; path: string; body?: string; status: number },
  names: ReadonlyMap<string, string>,
): string {
  const path = decoded(request.path.replace("/api2/json/access/", ""));
  const params = [...new URLSearchParams(request.body ?? "")]
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  const refused = request.status === 200 ? [] : [`-> ${request.status}`];
  let line = [request.method, path, ...params, ...refused].join(" ");
  for (const [id, name] of names) line = line.replaceAll(id, name);
  return line.replaceAll(`@${DOMAIN}@entra`, "");
}

function userLines(site: Site): readonly string[] {
  return site.pve
    .userCfg()
    .split("\n")
    .filter((line) => /^(user|token):/.test(line))
    .sort();
}

function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}
