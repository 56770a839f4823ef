import t from "tap";
import type { Test } from "tap";
import { loadConfig } from "../src/config/load.js";
import { ConfigError } from "../src/config/problems.js";
import { changed } from "./config-cases/base.js";
import { configFolder } from "./config-cases/folder.js";
import { SYNTAX } from "./config-cases/syntax.js";
import { WRONG } from "./config-cases/wrong.js";

/** What is said of a configuration, one problem a line, without the folder's changing name. */
function complaints(test: Test, text: string): { code: string; lines: string[] } {
  const { folder, file } = configFolder(test, text);
  try {
    loadConfig(file, { env: {} });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const shown = error.message.replaceAll(`${file}:`, "").replaceAll(folder, "FOLDER");
    return { code: error.code, lines: shown.split("\n") };
  }
  return { code: "none", lines: [] };
}

t.test("each wrong configuration is told with its place and what to write instead", async (t) => {
  for (const { name, change, says } of WRONG) {
    t.test(name, async (t) => {
      t.same(complaints(t, changed(change)), { code: "CONFIG_INVALID", lines: says });
    });
  }
});

t.test("what is no TOML is told with its first fault alone", async (t) => {
  for (const { name, change, says } of SYNTAX) {
    t.test(name, async (t) => {
      t.same(complaints(t, changed(change)), { code: "CONFIG_SYNTAX", lines: says });
    });
  }
});

t.test("the tables hold what they promise", async (t) => {
  const names = [...WRONG, ...SYNTAX].map((one) => one.name);
  t.ok(WRONG.length >= 60, `${WRONG.length} wrong configurations`);
  t.equal(new Set(names).size, names.length, "each name is there once");
});

t.test("a value is never repeated, wherever somebody pastes a secret", async (t) => {
  const pasted = "Zq8~not.a.real_value-0123";
  const keys = changed({})
    .split("\n")
    .filter((line) => / = ["t]/.test(line));
  for (const line of [...keys, "[[realm.group]]"]) {
    const key = line.split(" = ")[0] ?? "";
    const wrong = line === "[[realm.group]]" ? `${line}\n"${pasted}" = 1` : `${key} = "${pasted}"`;
    const said = complaints(t, changed({ [line]: wrong })).lines.join("\n");
    t.notMatch(said, "Zq8", `${key} does not repeat it`);
  }
  const fits = "Zq8-looks.like.a_name";
  const twice = `[[realm.group]]\nentra = "00000000-0000-4000-8000-000000000006"\nname = "${fits}"\n`;
  const roles = `acl = [ { path = "/", role = "${fits}" }, { path = "/", role = "${fits}" } ]\n`;
  const said = complaints(t, changed({ END: `${twice}${twice}${roles}` })).lines;
  t.equal(said.length, 2, "both are refused");
  t.notMatch(said.join("\n"), "Zq8", "a value that fits its key is not repeated either");
  for (const unquoted of [`token_file = ${pasted}`, `${pasted} = 1`, `x = "a" ${pasted}`]) {
    const said = complaints(t, changed({ "[entra]": `[entra]\n${unquoted}` })).lines.join("\n");
    t.notMatch(said, "Zq8", "a syntax error does not repeat it");
  }
});
