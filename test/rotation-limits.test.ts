/** What the tenant forbids: a cap on lifetimes, secrets altogether, an app that is not ours. */
import t from "tap";
import { DAY, HOUR, START, startBed } from "./rotation-bed.js";

t.setTimeout(300_000);

t.test("a cap of seven days: the longest allowed is made, and not one in every pass", async (t) => {
  const bed = await startBed(t);
  bed.world.setPolicy({ name: "short secrets", maxLifetimeDays: 7 });
  const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 175 * DAY }) } });
  const { outcome, codes, findings } = await node.pass();
  t.equal(outcome?.ok, true);
  t.ok(codes.includes("ROTATION_LIFETIME_CAPPED"));
  t.match(
    findings.find(({ code }) => code === "ROTATION_LIFETIME_CAPPED"),
    { message: /7 days/ },
  );
  const made = bed.secrets().at(-1);
  const days = ((made?.end ?? 0) - (made?.start ?? 0)) / DAY;
  t.ok(days > 6.99 && days <= 7, `${days} days`);
  const states = node.journal.secrets.all(bed.sso.appId).map(({ state }) => state);
  t.same(states, ["not-made", "not-made", "not-made", "not-made", "written"]);

  let rotations = 0;
  for (let pass = 0; pass < 60; pass += 1) {
    bed.clock.advance(HOUR);
    if ((await node.pass()).outcome) rotations += 1;
  }
  t.equal(rotations, 0, "two and a half days later none is due");
  for (let pass = 0; pass < 60; pass += 1) {
    bed.clock.advance(HOUR);
    if ((await node.pass()).outcome) rotations += 1;
  }
  t.equal(rotations, 1, "one third before its end it is");
  t.ok(bed.secrets().length <= 3, "and the old ones go");
  t.same(bed.entra.violations, []);
});

t.test(
  "a policy that forbids secrets: a coded error that names it, and nothing changed",
  async (t) => {
    const bed = await startBed(t);
    bed.world.setPolicy({ name: "no secrets", secretsForbidden: true });
    const key = bed.secret(180, { start: START - 175 * DAY });
    const node = await bed.node({ keys: { entra: key } });
    for (let pass = 0; pass < 3; pass += 1) {
      const { outcome, findings } = await node.pass();
      t.equal(outcome?.ok, false);
      const finding = findings.find(({ code }) => code === "ROTATION_POLICY_FORBIDS");
      t.match(finding?.message, /polic/i);
      t.comment(finding?.message);
      bed.clock.advance(HOUR);
    }
    t.equal(node.key(), key);
    t.equal(bed.secrets().length, 1);
  },
);

t.test("not an owner of the app: a coded error, and nothing changed", async (t) => {
  const bed = await startBed(t, { owned: false });
  const key = bed.secret(180, { start: START - 175 * DAY });
  const node = await bed.node({ keys: { entra: key } });
  const { outcome, codes } = await node.pass();
  t.equal(outcome?.ok, false);
  t.ok(codes.includes("ENTRA_NOT_OWNER"), codes.join());
  t.equal(node.key(), key);
  t.same(
    node.journal.secrets.all(bed.sso.appId).map(({ state }) => state),
    ["not-made"],
  );
});

t.test("concurrent writes in the tenant are tried again", async (t) => {
  const bed = await startBed(t);
  const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 175 * DAY }) } });
  bed.world.conflictNext(2, 409);
  t.equal((await node.pass()).outcome?.ok, true);
  t.equal(bed.secrets().length, 2);
});

t.test("twenty of our name: the hard stop", async (t) => {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const key = bed.secret(180);
  const node = await bed.node({ keys: { entra: key } });
  const displayName = "pve-entra-agent 0123456789ab/entra, do not copy";
  for (let n = 0; n < 20; n += 1) bed.secret(90, { displayName });
  const { outcome, codes } = await node.pass({ ordered: true });
  t.equal(outcome, undefined);
  t.same(codes, ["ROTATION_STOPPED", "ROTATION_TOO_MANY_SECRETS"]);
  t.equal(node.key(), key);
});

t.test("a clock off by more than five minutes: rotation goes on, removal waits", async (t) => {
  const bed = await startBed(t);
  const node = await bed.node({
    keys: { entra: bed.secret(180, { start: START - 175 * DAY }) },
    clockOff: 6 * 60_000,
  });
  const first = await node.pass();
  t.equal(first.outcome?.ok, true);
  t.equal(bed.secrets().at(-1)?.start, node.journal.secrets.all(bed.sso.appId)[0]?.start);
  t.ok((bed.secrets().at(-1)?.start ?? Infinity) <= bed.clock.now(), "dated by Entra's clock");
  await node.pass({ ordered: true });
  bed.clock.advance(30 * HOUR);
  const { removed, codes } = await node.pass();
  t.same(removed, []);
  t.ok(codes.includes("SYNC_CLOCK_OFF"));
  t.equal(bed.secrets().length, 3);
});
