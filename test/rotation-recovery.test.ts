/** The realm's secret stops working from outside: after one pass sign-in works again. */
import t from "tap";
import { signIn } from "./emulators/signin/index.js";
import { DAY, HOUR, START, startBed } from "./rotation-bed.js";
import type { Bed, Node } from "./rotation-bed.js";

t.setTimeout(300_000);

async function canSignIn(bed: Bed, node: Node): Promise<boolean> {
  bed.world.settled(() => {
    bed.world.editApp(bed.sso.id, { redirectUris: [`${node.pve.url}/`, node.pve.url] });
  });
  const result = await signIn({ pve: node.pve, entra: bed.entra, person: "anna@example.com" });
  if (!result.in) t.comment(result.because);
  return result.in;
}

t.test("a secret removed by hand", async (t) => {
  const bed = await startBed(t, { lag: { min: 4, max: 90 } });
  bed.world.settled(() => bed.world.addUser({ upn: "anna@example.com" }));
  const node = await bed.node({ keys: { entra: bed.secret(180) } });
  t.equal(await canSignIn(bed, node), true);
  t.match((await node.pass()).codes, []);

  const [used] = bed.secrets();
  bed.world.settled(() => bed.world.removeSecretByHand(bed.sso.id, used?.keyId ?? ""));
  t.equal(await canSignIn(bed, node), false);
  bed.clock.advance(6 * 60_000);
  const { decision, outcome, codes } = await node.pass();
  t.equal(decision.rotate?.forced, "refused");
  t.equal(outcome?.ok, true);
  t.same(codes, ["SECRET_REFUSED"]);
  t.equal(await canSignIn(bed, node), true);
  t.same(bed.entra.violations, []);
});

t.test(
  "one that only some replicas still accept is a flicker: nothing is done too early",
  async (t) => {
    const bed = await startBed(t);
    const node = await bed.node({ keys: { entra: bed.secret(180) } });
    const [used] = bed.secrets();
    const keyId = used?.keyId ?? "";
    bed.world.flickerSecret(bed.sso.id, keyId, { after: 0, seconds: 120, replicas: [0, 1, 2] });
    const { outcome } = await node.pass();
    t.equal(outcome, undefined);
    t.equal(bed.secrets().length, 1);
  },
);

t.test("an old key restored from a backup, its secret long removed", async (t) => {
  const bed = await startBed(t);
  bed.world.settled(() => bed.world.addUser({ upn: "anna@example.com" }));
  const old = bed.secret(180, { start: START - 175 * DAY });
  const node = await bed.node({ keys: { entra: old } });
  t.equal((await node.pass()).outcome?.ok, true);
  bed.world.settled(() => bed.world.removeSecretByHand(bed.sso.id, bed.secrets()[0]?.keyId ?? ""));
  bed.clock.advance(2 * DAY);
  const good = node.key();

  node.pve.world.setRealm("entra", { "client-key": old });
  const { decision, outcome } = await node.pass();
  t.equal(decision.rotate?.forced, "refused");
  t.equal(outcome?.ok, true);
  t.not(node.key(), old);
  t.not(node.key(), good, "its value was nowhere but in PVE");
  t.equal(await canSignIn(bed, node), true);

  // What the restored key replaced is ours and unused: it goes like any old one.
  bed.clock.advance(25 * HOUR);
  t.equal((await node.pass()).removed.length, 1);
  t.equal(bed.secrets().length, 1);
  t.equal(await canSignIn(bed, node), true);
});

t.test("three forced rotations an hour, then an alarm", async (t) => {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const node = await bed.node({ keys: { entra: bed.secret(180) } });
  const sabotage = (): void => {
    for (const { keyId } of bed.secrets()) bed.world.removeSecretByHand(bed.sso.id, keyId);
    bed.clock.advance(5 * 60_000);
  };
  for (let n = 0; n < 3; n += 1) {
    sabotage();
    t.equal((await node.pass()).outcome?.ok, true, `forced ${n + 1}`);
  }
  sabotage();
  const { outcome, codes } = await node.pass();
  t.equal(outcome, undefined);
  t.same(codes, ["ROTATION_TOO_OFTEN", "SECRET_REFUSED"]);
  t.equal(bed.secrets().length, 0);
  bed.clock.advance(HOUR);
  t.equal((await node.pass()).outcome?.ok, true, "an hour later it tries again");
});

for (const [name, code, break_] of [
  ["the app is disabled", "SSO_APP_REFUSED", (bed: Bed) => bed.world.disableApp(bed.sso.appId)],
  [
    "Conditional Access blocks it",
    "SECRET_UNPROVED",
    (bed: Bed) => bed.world.conditionalAccess(bed.sso.appId),
  ],
  [
    "the token endpoint is down",
    "SECRET_UNPROVED",
    (bed: Bed) =>
      bed.entra.faults.add({
        path: "/token",
        times: 20,
        skip: 1,
        do: { kind: "status", status: 503 },
      }),
  ],
] as const) {
  t.test(`${name}: that says nothing about the secret, which stays`, async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const key = bed.secret(180);
    const node = await bed.node({ keys: { entra: key } });
    bed.world.settled(() => break_(bed));
    const { outcome, codes } = await node.pass();
    t.equal(outcome, undefined);
    t.same(codes, [code]);
    t.equal(node.key(), key);
    t.equal(bed.secrets().length, 1);
  });
}
