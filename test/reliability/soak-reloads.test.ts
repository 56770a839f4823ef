/** Many SIGHUPs: each makes the program anew beside the old one, and the old one goes wholly. */
import t from "tap";
import { say, seedOfRun, size } from "./size.js";
import { assertFlat } from "./soak-flat.js";
import { startLife } from "./soak-life.js";
import { sample } from "./soak-measure.js";
import type { Sample } from "./soak-measure.js";
import { assertWell, complaints } from "./soak-watch.js";

const RELOADS = size({ usual: 20, nightly: 500 });

t.setTimeout(size({ usual: 300, nightly: 3600 }) * 1000);

t.test(
  `${RELOADS} reloads, one in ten of a bad configuration, one in twenty in a rotation`,
  async (t) => {
    const seed = seedOfRun();
    say(`soak: seed ${seed}`);
    const heard = complaints(t);
    const life = await startLife(t, seed);
    const samples: Sample[] = [];
    let refused = 0;
    for (let n = 1; n <= RELOADS; n++) {
      const bad = n % 10 === 0;
      await life.world("configure", bad ? "bad" : n % 2 === 0 ? "one" : "other");
      const rotation = n % 20 === 5 ? life.order({ kind: "rotate" }) : undefined;
      // A signal seldom comes alone.
      await Promise.all([life.daemon.reload(), life.daemon.reload()]);
      if (!life.daemon.status().health.reload.ok) refused += 1;
      // People change once a day: more than that the guard would hold, and rightly.
      if (n % 8 === 0) await life.world("round");
      await life.advance(rotation ? 300_000 : 3 * 3_600_000);
      await life.tick();
      if (rotation) t.match((await rotation).at(-1), { type: "done", exit: 0 }, `reload ${n}`);
      samples.push(await sample(life.stateDir, life.daemon.healthUrl));
    }
    t.equal(refused, RELOADS / 10, "the bad ones are refused, and no other");
    const figures = assertFlat(t, samples);
    await life.world("configure", "one");
    await life.daemon.reload();
    await assertWell(t, life, heard);
    say(`soak: ${RELOADS} reloads, ${figures}`);
  },
);
