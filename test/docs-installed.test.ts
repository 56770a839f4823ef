/** The pages as they lie in /usr/share/doc/pve-entra-agent: no link is dead there. */
import { readFileSync } from "node:fs";
import t from "tap";
import { asInstalled, installedDocs } from "../scripts/package/installed-docs.js";
import { anchors, links } from "./docs-pages/pages.js";

const read = (name: string): string =>
  readFileSync(new URL(`../${name}`, import.meta.url), "utf8").trim();
const PAGES = installedDocs();
const EXAMPLES = read("debian/pve-entra-agent.examples").split("\n");

t.test(
  "every link leads to a page or an example that is installed, and to a section of it",
  async (t) => {
    const names = Object.keys(PAGES);
    const there = new Set([...names, ...EXAMPLES.map((name) => `examples/${name}`)]);
    let followed = 0;
    for (const [name, text] of Object.entries(PAGES)) {
      for (const { file, section } of links({ name, text })) {
        t.ok(file === "" || there.has(file), `${name}: ${file}`);
        followed += 1;
        if (section === "") continue;
        const target = file === "" ? name : file;
        const found = anchors({ name: target, text: PAGES[target] ?? "" });
        t.ok(found.includes(section), `${name}: ${target}#${section}`);
      }
    }
    t.ok(followed > 50, `${followed} links were followed`);
    t.ok(names.includes("README.md") && names.includes("install.md"));
  },
);

t.test("what stays in the sources is named without a link", async (t) => {
  const text = [
    "[a](errors.md), [errors.md](errors.md#top), [b](#here), [c](https://example.com/x.md),",
    "[d](decisions/0001.md#why), [e of two",
    "lines](../CONTRIBUTING.md), [f](../config.example.toml), [g](../README.md)",
  ].join("\n");
  const wanted = [
    "[a](errors.md), [errors.md](errors.md#top), [b](#here), [c](https://example.com/x.md),",
    "d, e of two",
    "lines, [f](examples/config.example.toml), [g](README.md)",
  ].join("\n");
  t.equal(asInstalled("docs/install.md", text), wanted);
  t.equal(asInstalled("README.md", "[docs/errors.md](docs/errors.md)"), "[errors.md](errors.md)");
});

t.test("nothing but the links differs from the sources", async (t) => {
  const plain = (text: string): string => text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  for (const [name, text] of Object.entries(PAGES)) {
    if (name !== "README.md") t.equal(plain(text), plain(`${read(`docs/${name}`)}\n`), name);
  }
});

t.test("debian/rules takes these pages, and leaves them their names", async (t) => {
  const rules = read("debian/rules");
  const [, folder = ""] =
    /scripts\/package\/installed-docs\.ts \$\(BUILT\)(\/\S+)/.exec(rules) ?? [];
  const [, built = ""] = /^BUILT = (\S+)$/m.exec(rules) ?? [];
  t.equal(read("debian/pve-entra-agent.docs"), `${built}${folder}/*`);
  t.match(rules, /^\tdh_compress --exclude=\.md$/m, "no install.md.gz");
  t.match(read("debian/config.toml"), "/usr/share/doc/pve-entra-agent/install.md ");
});
