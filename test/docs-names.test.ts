/** Whatever the pages name is there: sections, command lines, error codes, keys, lines of the unit. */
import { posix } from "node:path";
import t from "tap";
import { COMMANDS } from "../src/commands/index.js";
import { parseCommandLine } from "../src/commands/arguments.js";
import { REFERENCE } from "../src/config/keys.js";
import type { Access, RoleId } from "../src/decide/facts.js";
import { privilegedRole } from "../src/decide/privileged.js";
import { ERRORS } from "../src/errors.js";
import { EVENTS } from "../src/systemd/message-ids.js";
import { allPages, anchors, codes, readPage, shellLines } from "./docs-pages/pages.js";
import { PRIVILEGES } from "./emulators/pve/privileges.js";

const PAGES = allPages();
/** The pages for administrators, in which every name is one of ours or of Proxmox VE. */
const FOR_ADMINISTRATORS = [
  "README.md",
  "docs/install.md",
  "docs/operate.md",
  "docs/security.md",
  "docs/monitoring.md",
].map(readPage);

t.test("every link to a section leads to one", async (t) => {
  let links = 0;
  for (const page of PAGES) {
    for (const [, file = "", anchor = ""] of page.text.matchAll(/\]\(([^)#\s:]*)#([^)\s]+)\)/g)) {
      const name = file === "" ? page.name : posix.join(posix.dirname(page.name), file);
      t.ok(anchors(readPage(name)).includes(anchor), `${page.name}: ${file}#${anchor}`);
      links += 1;
    }
  }
  t.ok(links > 10, "links were found");
});

/** A command with its arguments; the service's name and display names of secrets are none. */
const COMMAND_LINE = /^pve-entra-agent ((?:--[a-z]+|[a-z]+)(?: .*)?)$/;

t.test("every command line is one", async (t) => {
  let lines = 0;
  for (const page of PAGES) {
    for (const text of [...codes(page), ...shellLines(page)]) {
      const [, rest] = COMMAND_LINE.exec(text) ?? [];
      if (rest === undefined) continue;
      const [ours = ""] = rest.split(" | ");
      t.doesNotThrow(() => parseCommandLine(ours.split(" "), COMMANDS), `${page.name}: ${text}`);
      lines += 1;
    }
  }
  t.ok(lines > 30, "command lines were found");
  t.throws(
    () => parseCommandLine(["sync", "--aprove", "ID"], COMMANDS),
    "a wrong one would be seen",
  );
});

/** In capitals, and nobody's error: of the environment, the log and systemd. */
const OTHER_CAPITALS = new Set([
  ...Object.keys(EVENTS),
  "HTTPS_PROXY",
  "NO_PROXY",
  "SSO_OBJECT_ID",
  "AGENT_OBJECT_ID",
  "MESSAGE_ID",
  "MESSAGE",
  "PRIORITY",
  "SYSLOG_IDENTIFIER",
  "SYSLOG_FACILITY",
]);

t.test("every error code is one", async (t) => {
  const known = Object.keys(ERRORS);
  let named = 0;
  for (const page of PAGES) {
    for (const code of codes(page)) {
      const [, name, star] = /^([A-Z]+(?:_[A-Z]+)+_?)(\*?)$/.exec(code) ?? [];
      if (name === undefined || OTHER_CAPITALS.has(name) || name.startsWith("PVE_ENTRA_")) continue;
      const begins = star !== "" || name.endsWith("_");
      const found = begins ? known.some((one) => one.startsWith(name)) : known.includes(name);
      t.ok(found, `${page.name}: ${code}`);
      named += 1;
    }
  }
  t.ok(named > 100, "codes were found");
});

const KEYS = new Map(REFERENCE.map(({ name, keys }) => [name, Object.keys(keys)]));
const ALL_KEYS = new Set([...KEYS.values()].flat());
const SECTIONS = new Set(KEYS.keys());

/** With an underscore, and nobody's key: metrics, labels, and what Prometheus calls its own. */
const OTHER_NAMES = /^pve_entra_agent_|^rule_files$/;

/** What a piece of code says of the configuration, or undefined where it says nothing of it. */
function wrongKey(code: string): string | undefined {
  const [, section, key] = /^(\[+[a-z.]+\]+)(?: ([a-z_]+))?(?: = .*)?$/.exec(code) ?? [];
  if (section !== undefined) {
    if (!SECTIONS.has(section)) return `no section ${section}`;
    if (key === undefined || KEYS.get(section)?.includes(key) === true) return undefined;
    return `${section} has no ${key}`;
  }
  const [, name] = /^([a-z]+(?:_[a-z]+)+|[a-z_]+(?= = ))(?: = .*)?$/.exec(code) ?? [];
  if (name === undefined || ALL_KEYS.has(name) || OTHER_NAMES.test(name)) return undefined;
  return `no key ${name}`;
}

t.test("every key of the configuration is one", async (t) => {
  for (const page of FOR_ADMINISTRATORS) {
    for (const code of codes(page)) t.equal(wrongKey(code), undefined, `${page.name}: ${code}`);
  }
  t.equal(wrongKey("[cluster] writer"), undefined);
  for (const wrong of ["[cluster] leader", "[realm]", "max_removal", "on_leaving = 1", "rot = 1"]) {
    t.ok(wrongKey(wrong), wrong);
  }
});

t.test("every directive that docs/security.md names stands in the unit", async (t) => {
  const unit = readPage("systemd/pve-entra-agent.service").text.split("\n");
  const named = codes(readPage("docs/security.md")).filter((code) => /^[A-Z][A-Za-z]+=/.test(code));
  t.ok(named.length > 5);
  for (const line of named) {
    t.ok(
      unit.some((one) => one === line || one.startsWith(`${line} `)),
      line,
    );
  }
});

t.test("docs/security.md: the token has what docs/install.md gives it", async (t) => {
  const given = shellLines(readPage("docs/install.md")).flatMap((line) => {
    const [, privileges] = /^pveum role add \S+ +--privs "([^"]+)"$/.exec(line) ?? [];
    return privileges?.split(" ") ?? [];
  });
  const explained = [...readPage("docs/security.md").text.matchAll(/^\| `([A-Z]\w+\.\w+)` +\|/gm)];
  t.strictSame(explained.map(([, privilege]) => privilege).sort(), given.sort());
});

t.test("docs/security.md: what makes a mapping privileged", async (t) => {
  const prose = readPage("docs/security.md").text.replaceAll(/\s+/g, " ");
  const [, list = ""] = /a _privileged_ mapping, (.*?)\. /.exec(prose) ?? [];
  const told = [...list.matchAll(/`([A-Z]\w+\.\w+)`/g)].map(([, name]) => name);
  const role = "one" as RoleId;
  const access = (privilege: string): Access =>
    ({ roles: new Map([[role, new Set([privilege])]]) }) as unknown as Access;
  const real = [...PRIVILEGES].filter((name) => privilegedRole(access(name), role));
  t.strictSame(told.sort(), real.sort());
});
