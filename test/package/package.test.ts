import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import t from "tap";
import { buildPackage, copyTree } from "../../scripts/package/deb.js";
import { ROOT, version } from "../../scripts/package/project.js";
import { links } from "../docs-pages/pages.js";
import { field, filesOf, scratchFolder, unpack } from "./built.js";
import { must } from "./run.js";
import { unpackTrixie } from "./trixie.js";

/** Whole builds and a root of Debian 13, on a machine that may do other things as well. */
t.setTimeout(1_800_000);

const MOST_BYTES = 2 * 1024 * 1024;
const MOST_FILES = 40;
/** lintian's tags that stop us; what it only informs of is shown. */
const REFUSED = /^[EW]: /;

const scratch = scratchFolder();
// One look at the sources, or whoever edits meanwhile would make two packages of them.
const source = join(scratch.path, "source");
copyTree(ROOT, source);
/** `BUILT_DEB` names a package that was made of the same sources already. */
const deb = process.env["BUILT_DEB"] ?? built("one");
const again = built("another/folder/further/down");
const content = join(scratch.path, "content");
unpack(deb, content);
const trixie = unpackTrixie();
for (const name of readdirSync(dirname(deb)).filter((name) =>
  /\.(deb|changes|buildinfo)$/.test(name),
)) {
  cpSync(join(dirname(deb), name), join(trixie.path, "tmp", name));
}
t.teardown(() => {
  trixie.remove();
  scratch.remove();
});

function built(name: string): string {
  const base = join(scratch.path, name, "base");
  mkdirSync(base, { recursive: true });
  return buildPackage(join(scratch.path, name, "dist"), { source, base });
}

t.test("two builds in different folders give the same package", async (t) => {
  t.equal(sha256(again), sha256(deb));
});

t.test("it is small, has few files, and all of them are root's", async (t) => {
  const files = filesOf(deb);
  const bytes = statSync(deb).size;
  t.comment(`${files.length} files, ${bytes} bytes`);
  t.ok(bytes <= MOST_BYTES, `${bytes} bytes`);
  t.ok(files.length <= MOST_FILES, `${files.length} files`);
  t.same(
    files.filter(({ owner }) => owner !== "root/root"),
    [],
  );
  t.same(
    files.filter(({ mode }) => !mode.startsWith("l") && /s|t|w....$|w.$/.test(mode)),
    [],
  );
});

t.test("everything is where an administrator looks for it", async (t) => {
  const paths = new Set(filesOf(deb).map(({ path }) => path));
  for (const path of [
    "/usr/bin/pve-entra-agent",
    "/usr/lib/pve-entra-agent/main.mjs",
    "/usr/lib/pve-entra-agent/better_sqlite3.node",
    "/usr/lib/pve-entra-agent/unix_dgram.node",
    "/usr/lib/systemd/system/pve-entra-agent.service",
    "/usr/lib/sysusers.d/pve-entra-agent.conf",
    "/etc/pve-entra-agent/config.toml",
    "/usr/share/man/man1/pve-entra-agent.1.gz",
    "/usr/share/man/man5/pve-entra-agent.toml.5.gz",
    "/usr/share/man/man8/pve-entra-agent.8.gz",
    "/usr/share/bash-completion/completions/pve-entra-agent",
    "/usr/share/zsh/vendor-completions/_pve-entra-agent",
    "/usr/share/doc/pve-entra-agent/NEWS.Debian.gz",
    "/usr/share/doc/pve-entra-agent/copyright",
    "/usr/share/doc/pve-entra-agent/examples/config.example.toml",
    "/usr/share/pve-entra-agent/prometheus/alerts.yml",
  ]) {
    t.ok(paths.has(path), path);
  }
  t.equal(
    readFileSync(join(content, "DEBIAN/conffiles"), "utf8"),
    "/etc/pve-entra-agent/config.toml\n",
  );
  const credentials = statSync(join(content, "etc/pve-entra-agent/credentials"));
  t.equal(credentials.mode & 0o777, 0o700, "nobody but root looks into the folder of credentials");
});

t.test("no link of an installed page is dead", async (t) => {
  const folder = join(content, "usr/share/doc/pve-entra-agent");
  const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
  t.ok(names.includes("install.md"), "pages have their own names");
  const found = names.flatMap((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    return links({ name, text }).filter(({ file }) => file !== "");
  });
  t.ok(found.length > 30, `${found.length} links`);
  for (const { file } of found) t.ok(existsSync(join(folder, file)), file);
});

t.test("it depends on Node of the addons' ABI and on no tool to build", async (t) => {
  const depends = field(deb, "Depends").split(", ");
  t.ok(depends.includes("nodejs (>= 20.19~)"));
  t.ok(depends.includes("nodejs (<< 21~)"));
  t.notMatch(depends.join(), /npm|gcc|g\+\+|make|node-gyp/);
  t.equal(field(deb, "Version"), version().replace("-", "~"));
});

t.test("maintainer scripts download nothing and leave services to debhelper", async (t) => {
  for (const name of readdirSync(join(ROOT, "debian")).filter((one) =>
    /\.(pre|post)(inst|rm)$/.test(one),
  )) {
    const text = readFileSync(join(ROOT, "debian", name), "utf8");
    t.notMatch(text, /systemctl|invoke-rc\.d|npm|curl|wget|http/, name);
    t.match(text, "#DEBHELPER#", name);
  }
});

t.test("no file tells where it was built", async (t) => {
  for (const { mode, path } of filesOf(deb).filter(({ mode }) => mode.startsWith("-"))) {
    const bytes = readFileSync(join(content, path));
    for (const place of [ROOT, scratch.path]) t.notOk(bytes.includes(place), `${mode} ${path}`);
  }
});

t.test("the addons are hardened", async (t) => {
  const folder = join(content, "usr/lib/pve-entra-agent");
  for (const name of readdirSync(folder).filter((one) => one.endsWith(".node"))) {
    const file = join(folder, name);
    t.match(
      must("readelf", ["-dW", file]),
      /BIND_NOW/,
      `${name}: all symbols are bound at the start`,
    );
    t.match(must("readelf", ["-lW", file]), /GNU_RELRO/, `${name}: and read-only from then on`);
    const symbols = must("readelf", ["--dyn-syms", "-W", file]);
    t.match(symbols, /__stack_chk_fail/, `${name}: the stack is guarded`);
    t.notMatch(must("readelf", ["-SW", file]), /\.debug_/, `${name}: stripped`);
    t.notMatch(
      must("readelf", ["-lW", file]),
      /GNU_STACK +\S+ \S+ \S+ \S+ \S+ RWE/,
      `${name}: no code on it`,
    );
  }
  // unix-dgram has no call whose bounds the compiler cannot see through itself.
  const sqlite = must("readelf", ["--dyn-syms", "-W", join(folder, "better_sqlite3.node")]);
  t.match(sqlite, /__memcpy_chk/, "better_sqlite3.node: fortified");
});

t.test("lintian of Debian 13 has no errors and no warnings", async (t) => {
  const changes = readdirSync(join(trixie.path, "tmp")).find((name) => name.endsWith(".changes"));
  t.ok(changes, "there is something to look at");
  const args = ["--allow-root", "--fail-on", "none", "--display-info", "--show-overrides"];
  const { code, out, err } = trixie.inside("lintian", ...args, `/tmp/${changes}`);
  t.equal(code, 0, err);
  for (const line of out.split("\n").filter((one) => one !== "")) t.comment(line);
  t.same(
    out.split("\n").filter((line) => REFUSED.test(line)),
    [],
  );
});

t.test("the manual and the completions are sound", async (t) => {
  cpSync(content, join(trixie.path, "package"), { recursive: true, verbatimSymlinks: true });
  const pages = [
    "man1/pve-entra-agent.1.gz",
    "man5/pve-entra-agent.toml.5.gz",
    "man8/pve-entra-agent.8.gz",
  ];
  for (const page of pages) {
    const file = `/package/usr/share/man/${page}`;
    const lint = trixie.inside("sh", "-c", `zcat ${file} | mandoc -Tlint -Wwarning`);
    t.same([lint.code, lint.out], [0, ""], `mandoc: ${page}`);
    const man = trixie.inside("sh", "-c", `man --warnings -l ${file} >/dev/null`);
    t.same([man.code, man.err], [0, ""], `man: ${page}`);
  }
  const bash = trixie.inside(
    "bash",
    "-n",
    "/package/usr/share/bash-completion/completions/pve-entra-agent",
  );
  t.same([bash.code, bash.err], [0, ""]);
  const zsh = trixie.inside(
    "zsh",
    "-n",
    "/package/usr/share/zsh/vendor-completions/_pve-entra-agent",
  );
  t.same([zsh.code, zsh.err], [0, ""]);
});

t.test("program and addons load under Debian's own Node", async (t) => {
  const program = "/package/usr/lib/pve-entra-agent";
  const said = trixie.inside("/package/usr/bin/pve-entra-agent", "--version");
  t.same([said.code, said.out], [0, `${version()}\n`], said.err);
  for (const name of ["better_sqlite3.node", "unix_dgram.node"]) {
    const loaded = trixie.inside("node", "-e", `require("${program}/${name}")`);
    t.equal(loaded.code, 0, `${basename(name)} ${loaded.err}`);
  }
});

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
