/** Fuzzed configurations: each is good, or refused with a code and a place, and never echoed. */
import t from "tap";
import { configFolder } from "../config-cases/folder.js";
import { seededRandom } from "../emulators/entra/random.js";
import { loadOutcome } from "../fuzz/config-verdict.js";
import { hostileToml, largeTomls } from "../fuzz/hostile-toml.js";
import { polluted, shown, Tally } from "../fuzz/verdict.js";
import { say, seedOfRun, size } from "./size.js";

t.setTimeout(3_600_000);

t.test("configurations with bytes, lines and values changed", async (t) => {
  const seed = seedOfRun();
  const random = seededRandom(seed);
  t.comment(`SEED=${seed}`);
  const { file } = configFolder(t, "");
  const tally = new Tally();
  const cases = size({ usual: 1000, nightly: 150_000 });
  for (let nth = 0; nth < cases; nth += 1) {
    const bytes = hostileToml(random);
    try {
      tally.add(loadOutcome(file, bytes));
    } catch (thrown) {
      t.fail(`${String(thrown)}: ${shown(bytes.toString("latin1"))}`, { thrown });
    }
    if (polluted()) throw new Error(`polluted by ${shown(bytes.toString("latin1"))}`);
  }
  say(`fuzzed configurations: ${cases}, seed ${seed}: ${tally.text}`);
  t.ok(tally.get("CONFIG_SYNTAX") > 0 && tally.get("CONFIG_INVALID") > 0 && tally.get("good") > 0);
});

t.test("long and deep ones are answered, too", async (t) => {
  const { file } = configFolder(t, "");
  const scale = size({ usual: 0.1, nightly: 1 });
  for (const [name, text] of largeTomls(scale)) {
    t.match(loadOutcome(file, text), /^CONFIG_(SYNTAX|INVALID)$/, name);
  }
});
