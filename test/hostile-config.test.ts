/** Configurations of extreme length and depth are answered in time, with a code and a place. */
import t from "tap";
import { BASE } from "./config-cases/base.js";
import { configFolder } from "./config-cases/folder.js";
import { loadOutcome } from "./fuzz/config-verdict.js";
import { largeTomls } from "./fuzz/hostile-toml.js";

t.setTimeout(240_000);

t.test("long and deep ones", async (t) => {
  const { file } = configFolder(t, "");
  for (const [name, text] of largeTomls(0.05)) {
    t.match(loadOutcome(file, text), /^CONFIG_(SYNTAX|INVALID)$/, name);
  }
});

t.test("a byte order mark and CRLF are no mistake", async (t) => {
  const { file } = configFolder(t, "");
  t.equal(loadOutcome(file, `\ufeff${BASE}`), "good");
  t.equal(loadOutcome(file, BASE.replaceAll("\n", "\r\n")), "good");
});
