import t from "tap";
import { mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.test("members of nested groups, once each, whatever the way", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", outer) }));
  const { world } = bed.site.entra;
  const anna = bed.person("anna");
  const bert = bed.person("bert");
  const cora = bed.person("cora");
  bed.person("dora");
  const inner = bed.site.group("Inner", [bert, anna]);
  const middle = bed.site.group("Middle", [cora]);
  const outer = bed.site.group("Outer", [anna]);
  world.nest(outer, middle);
  world.nest(middle, inner);
  world.join(outer, world.addDevice("a laptop").id);
  await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      ...["anna", "bert", "cora"].map(
        (n) =>
          `POST users comment=[entra:${n}] email=${n}@contoso.example enable=1 groups=ops userid=${n}`,
      ),
    ],
  });
  await bed.settled(t);

  world.unnest(middle, inner);
  await bed.pass(t, "the innermost group taken out", {
    writes: ["PUT users/bert comment=[entra:bert left 2026-11-22] enable=0 groups="],
  });
  t.strictSame(bed.user("anna")?.groups, ["ops"], "who is in it directly too stays");
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});
