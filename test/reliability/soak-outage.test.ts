/** Entra cannot be reached for days: nobody is removed, nothing piles up, and then all is well. */
import t from "tap";
import { request } from "undici";
import { say, seedOfRun, size } from "./size.js";
import { assertFlat } from "./soak-flat.js";
import { startLife } from "./soak-life.js";
import { sample } from "./soak-measure.js";
import type { Sample } from "./soak-measure.js";
import { assertWell, complaints } from "./soak-watch.js";

const PASSES = size({ usual: 30, nightly: 2000 });

t.setTimeout(size({ usual: 300, nightly: 3600 }) * 1000);

t.test(`Entra is away for ${PASSES} passes`, async (t) => {
  const seed = seedOfRun();
  say(`soak: seed ${seed}`);
  const heard = complaints(t);
  const life = await startLife(t, seed);
  await life.tick();
  const before = await life.world("users");
  await life.world("unplug", "entra");
  const samples: Sample[] = [];
  for (let pass = 1; pass <= PASSES; pass++) {
    await life.advance(300_000);
    await life.tick();
    if (pass % Math.ceil(PASSES / 50) === 0)
      samples.push(await sample(life.stateDir, life.daemon.healthUrl));
  }
  t.equal(await life.world("users"), before, "PVE's users are what they were, byte by byte (P4)");
  const { statusCode, body } = await request(`${life.daemon.healthUrl}/health`, { reset: true });
  t.match([statusCode, await body.json()], [503, { state: "failing" }]);
  const figures = assertFlat(t, samples);
  await life.world("round");
  await assertWell(t, life, heard);
  say(`soak: Entra away for ${PASSES} passes, ${figures}`);
});
