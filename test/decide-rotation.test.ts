/** Every rule about client secrets, as a table: what is observed, and what is decided. */
import t from "tap";
import type { RotationConfig } from "../src/config/types.js";
import { decideRotation } from "../src/decide/rotation.js";
import type {
  KeyFacts,
  KeyProof,
  RealmSecret,
  RotationFacts,
} from "../src/decide/rotation-facts.js";
import { DAY, HOUR, secretDisplayName } from "../src/decide/rotation-facts.js";
import type { IntentId, OwnSecret } from "../src/journal/types.js";
import type { PasswordCredential } from "../src/ports.js";

const NOW = Date.UTC(2026, 10, 21, 12);
const NAME = secretDisplayName("0123456789ab", "entra");
const CONFIG: RotationConfig = {
  lifetimeSeconds: 180 * 86_400,
  renewBeforeSeconds: 60 * 86_400,
  overlapSeconds: 86_400,
  proofSeconds: 60,
};

const accepted: KeyProof = { kind: "accepted", at: NOW };
const refused: KeyProof = { kind: "refused", at: NOW, message: "AADSTS7000215: wrong" };
const unclear: KeyProof = { kind: "unclear", at: NOW, message: "503" };

/** A listed secret: `from` and `to` in days around now. */
function listed(
  keyId: string,
  from: number,
  to: number,
  more: Partial<PasswordCredential> = {},
): PasswordCredential {
  const dates = { start: NOW + from * DAY, end: NOW + to * DAY };
  return { keyId, hint: keyId.slice(0, 3), displayName: NAME, ...dates, ...more };
}

function ours(
  password: PasswordCredential,
  state: OwnSecret["state"],
  more: Partial<OwnSecret> = {},
): OwnSecret {
  const { keyId, start, end } = password;
  const common = { clientId: "app", realms: ["entra"], displayName: NAME, at: start };
  return { intent: 1 as IntentId, ...common, start, end, keyId, state, forced: false, ...more };
}

/** One whose answer was lost: the journal has no key id. */
function lost(password: PasswordCredential): OwnSecret {
  const { start, end } = password;
  const common = { clientId: "app", realms: ["entra"], displayName: NAME, at: start };
  return { intent: 2 as IntentId, ...common, start, end, state: "intended", forced: false };
}

function realm(
  hint: string,
  proof: KeyProof | undefined,
  more: Partial<RealmSecret> & { keyMore?: Partial<KeyFacts> } = {},
): RealmSecret {
  const { keyMore, ...rest } = more;
  const key: KeyFacts = { hint, same: 0, ...(proof && { proof }), ...keyMore };
  return { realm: "entra", rotate: true, trusted: true, key, ...rest };
}

function facts(more: Partial<RotationFacts>): RotationFacts {
  return {
    clientId: "app",
    realms: [realm("one", accepted)],
    passwords: [],
    own: [],
    displayName: NAME,
    config: CONFIG,
    time: { now: NOW, localOffsetMs: 0 },
    ordered: false,
    patient: false,
    running: false,
    ...more,
  };
}

interface Expected {
  /** `forced` of the rotation; absent: none. */
  readonly rotates?: string;
  readonly realms?: readonly string[];
  readonly reuse?: unknown;
  readonly removes?: readonly string[];
  readonly codes?: readonly string[];
}

const young = listed("one", -10, 170);
const dying = listed("one", -170, 10);
const oldOne = listed("old", -200, 20);
const five = ["v01", "v02", "v03", "v04"].map((id) => listed(id, -5, 100));
const twenty = Array.from({ length: 19 }, (_, n) => listed(`w${10 + n}`, -5, 100));
const two = realm("two", accepted, { realm: "second", keyMore: { same: 1 } });

const CASES: readonly [string, Partial<RotationFacts>, Expected][] = [
  // -- when
  ["a young secret stays", { passwords: [young] }, {}],
  [
    "59 days before its end a secret is renewed",
    { passwords: [listed("one", -121, 59)], own: [ours(listed("one", -121, 59), "written")] },
    { rotates: "no" },
  ],
  ["61 days before it is not", { passwords: [listed("one", -119, 61)] }, {}],
  [
    "of a secret of seven days a third of its life counts, not renew_before",
    { passwords: [listed("one", -4, 3)] },
    {},
  ],
  [
    "and once that third is reached it is renewed",
    { passwords: [listed("one", -5, 2)], own: [ours(listed("one", -5, 2), "written")] },
    { rotates: "no" },
  ],
  [
    "a refused one is replaced at once, whatever its end",
    { realms: [realm("one", refused)], passwords: [young], own: [ours(young, "written")] },
    { rotates: "refused", codes: ["SECRET_REFUSED"] },
  ],
  [
    "a refused one that is not listed any more, too",
    { realms: [realm("one", refused)] },
    { rotates: "refused", codes: ["SECRET_REFUSED"] },
  ],
  [
    "a realm without a key gets one",
    { realms: [realm("", undefined)] },
    { rotates: "refused", codes: ["SECRET_REFUSED"] },
  ],
  [
    "an unclear answer never replaces a secret",
    { realms: [realm("one", unclear)], passwords: [young] },
    { codes: ["SECRET_UNPROVED"] },
  ],
  [
    "nor does an app that nobody can sign in through, which is told as what it is",
    { realms: [realm("one", { ...unclear, appRefused: true })], passwords: [dying] },
    { codes: ["SSO_APP_REFUSED", "SECRET_ENDS_SOON"] },
  ],
  [
    "not even one that is due: a new one could not be proved either",
    { realms: [realm("one", unclear)], passwords: [dying] },
    { codes: ["SECRET_UNPROVED", "SECRET_ENDS_SOON"] },
  ],
  [
    "an administrator's order counts at any time",
    { passwords: [young], own: [ours(young, "written")], ordered: true },
    { rotates: "ordered" },
  ],
  [
    "the one replaced is named when nobody but a person can remove it",
    { passwords: [dying] },
    { rotates: "no", codes: ["ROTATION_FOREIGN_SECRET"] },
  ],
  // -- which one is in use
  [
    "where two have the hint, the earlier end counts",
    { passwords: [young, listed("one", -170, 10, { keyId: "other" })] },
    { rotates: "no" },
  ],
  [
    "an expired one with the same hint does not count for an accepted key",
    { passwords: [young, listed("one", -170, -1, { keyId: "other" })] },
    {},
  ],
  [
    "one without a hint counts where no hint fits",
    { passwords: [listed("x", -170, 10, { hint: null })] },
    { rotates: "no", codes: ["ROTATION_FOREIGN_SECRET"] },
  ],
  [
    "an accepted key that is not listed waits: lists lag",
    { realms: [realm("one", accepted, { keyMore: { unlistedSince: NOW - HOUR / 12 } })] },
    {},
  ],
  [
    "after ten minutes it is spoken of",
    { realms: [realm("one", accepted, { keyMore: { unlistedSince: NOW - HOUR / 5 } })] },
    { codes: ["SECRET_UNLISTED"] },
  ],
  [
    "after an hour it is replaced",
    { realms: [realm("one", accepted, { keyMore: { unlistedSince: NOW - HOUR } })] },
    { rotates: "no", codes: ["SECRET_UNLISTED"] },
  ],
  [
    "but not where one of ours was written within the day",
    {
      realms: [realm("one", accepted, { keyMore: { unlistedSince: NOW - HOUR } })],
      own: [ours(listed("gone", -0.5, 100), "written")],
    },
    { codes: ["SECRET_UNLISTED"] },
  ],
  // -- another machine with our name
  [
    "a secret that another machine made and has renewed since is left before it is removed",
    { passwords: [young, listed("new", -1, 179)] },
    { rotates: "no", codes: ["ROTATION_FOREIGN_SECRET"] },
  ],
  [
    "one that another machine made and did not renew is used to its end",
    { passwords: [young, listed("old", -200, 20)] },
    {},
  ],
  [
    "our own is not left because another machine makes its own",
    { passwords: [young, listed("new", -1, 179)], own: [ours(young, "written")] },
    {},
  ],
  [
    "nor is one made by hand",
    {
      passwords: [
        { ...young, displayName: "by hand" },
        listed("new", -1, 179, { displayName: "by hand" }),
      ],
    },
    {},
  ],
  // -- realms
  [
    "rotate = false: watched, not renewed",
    { realms: [realm("one", accepted, { rotate: false })], passwords: [dying] },
    { codes: ["SECRET_ENDS_SOON"] },
  ],
  [
    "rotate = false: not even when refused",
    { realms: [realm("one", refused, { rotate: false })] },
    { codes: ["SECRET_REFUSED"] },
  ],
  [
    "a realm that is not trusted gets nothing, and its end is still known",
    { realms: [realm("one", undefined, { trusted: false })], passwords: [dying] },
    { codes: ["SECRET_ENDS_SOON"] },
  ],
  [
    "a missing realm gets nothing",
    { realms: [{ realm: "entra", rotate: true, trusted: false, key: "missing" }] },
    {},
  ],
  [
    "two realms with one key: one rotation for both",
    {
      realms: [realm("one", accepted), realm("one", accepted, { realm: "second" })],
      passwords: [dying],
      own: [ours(dying, "written")],
    },
    { rotates: "no", realms: ["entra", "second"] },
  ],
  [
    "of two realms the untrusted one is left out",
    {
      realms: [
        realm("one", accepted),
        realm("one", undefined, { realm: "second", trusted: false }),
      ],
      passwords: [dying],
      own: [ours(dying, "written")],
    },
    { rotates: "no", realms: ["entra"], codes: ["SECRET_ENDS_SOON"] },
  ],
  [
    "a realm whose key is refused gets the good key of the other realm",
    {
      realms: [realm("one", refused), two],
      passwords: [listed("two", -1, 179)],
      own: [ours(listed("two", -1, 179), "written")],
    },
    {
      rotates: "refused",
      realms: ["entra"],
      reuse: { from: "realm", realm: "second" },
      codes: ["SECRET_REFUSED"],
    },
  ],
  [
    "but not one that is due itself",
    {
      realms: [realm("one", refused), two],
      passwords: [listed("two", -170, 10)],
      own: [ours(listed("two", -170, 10), "written")],
    },
    { rotates: "refused", realms: ["entra", "second"], codes: ["SECRET_REFUSED"] },
  ],
  [
    "nor one that a person made",
    { realms: [realm("one", refused), two], passwords: [listed("two", -1, 179)] },
    {
      rotates: "refused",
      realms: ["entra", "second"],
      codes: ["SECRET_REFUSED", "ROTATION_FOREIGN_SECRET"],
    },
  ],
  // -- what stops it
  [
    "one rotation at a time",
    { passwords: [dying, oldOne], own: [ours(oldOne, "written")], running: true },
    {},
  ],
  [
    "an app that cannot be read is left alone",
    {
      realms: [realm("one", refused)],
      passwords: { code: "ENTRA_UNREACHABLE", message: "no route" },
    },
    { codes: ["ENTRA_UNREACHABLE", "SECRET_REFUSED"] },
  ],
  [
    "with five of our name a scheduled one waits",
    {
      passwords: [listed("one", -140, 40), ...five],
      own: [ours(listed("one", -140, 40), "written")],
    },
    { codes: ["ROTATION_TOO_MANY_SECRETS", "SECRET_ENDS_SOON"] },
  ],
  [
    "with four it does not",
    {
      passwords: [listed("one", -140, 40), ...five.slice(1)],
      own: [ours(listed("one", -140, 40), "written")],
    },
    { rotates: "no" },
  ],
  [
    "those that have ended are not counted",
    {
      passwords: [listed("one", -140, 40), ...five.map((one) => ({ ...one, end: NOW - DAY }))],
      own: [ours(listed("one", -140, 40), "written")],
    },
    { rotates: "no" },
  ],
  [
    "with five, one within seven days of the end goes on",
    {
      passwords: [listed("one", -174, 6), ...five],
      own: [ours(listed("one", -174, 6), "written")],
    },
    { rotates: "ending", codes: ["ROTATION_TOO_MANY_SECRETS"] },
  ],
  [
    "with five, a refused one is replaced",
    { realms: [realm("one", refused)], passwords: [young, ...five], own: [ours(young, "written")] },
    { rotates: "refused", codes: ["ROTATION_TOO_MANY_SECRETS", "SECRET_REFUSED"] },
  ],
  [
    "with five, an order is carried out",
    { passwords: [young, ...five], own: [ours(young, "written")], ordered: true },
    { rotates: "ordered", codes: ["ROTATION_TOO_MANY_SECRETS"] },
  ],
  [
    "twenty stop even a refused one",
    { realms: [realm("one", refused)], passwords: [young, ...twenty] },
    { codes: ["ROTATION_STOPPED", "ROTATION_TOO_MANY_SECRETS", "SECRET_REFUSED"] },
  ],
  [
    "three forced ones within an hour are enough",
    {
      realms: [realm("one", refused)],
      own: [1, 2, 3].map((n) =>
        ours(listed(`f0${n}`, -n / 100, 9), "written", { forced: true, intent: n as IntentId }),
      ),
    },
    { codes: ["ROTATION_TOO_OFTEN", "SECRET_REFUSED"] },
  ],
  [
    "two are not, nor are those that were never made, nor older ones",
    {
      realms: [realm("one", refused)],
      own: [
        ours(listed("f01", -0.01, 9), "written", { forced: true }),
        ours(listed("f02", -0.02, 9), "made", { forced: true }),
        ours(listed("f03", -0.03, 9), "not-made", { forced: true }),
        ours(listed("f04", -0.05, 9), "written", { forced: true }),
      ],
    },
    { rotates: "refused", codes: ["SECRET_REFUSED"] },
  ],
  [
    "an hour's rest after a failed proof, where nobody is locked out",
    { passwords: [dying], own: [ours(listed("bad", -1, 9), "abandoned", { at: NOW - HOUR / 2 })] },
    { codes: ["SECRET_ENDS_SOON"] },
  ],
  [
    "none where somebody is",
    {
      realms: [realm("one", refused)],
      own: [ours(listed("bad", -1, 9), "abandoned", { at: NOW - HOUR / 2 })],
    },
    { rotates: "refused", codes: ["SECRET_REFUSED"] },
  ],
  // -- prove again before another is added
  [
    "a secret whose proof failed is proved again before another is added",
    {
      passwords: [dying, listed("pen", 0, 180)],
      own: [ours(listed("pen", 0, 180), "proof-failed", { at: NOW })],
      pending: { keyId: "pen", start: NOW, end: NOW + 180 * DAY, failures: 1 },
    },
    {
      rotates: "no",
      reuse: { from: "memory", keyId: "pen" },
      codes: ["ROTATION_FOREIGN_SECRET"],
    },
  ],
  [
    "not a third time",
    {
      realms: [realm("one", refused)],
      passwords: [listed("pen", 0, 180)],
      pending: { keyId: "pen", start: NOW, end: NOW + 180 * DAY, failures: 2 },
    },
    { rotates: "refused", codes: ["SECRET_REFUSED"] },
  ],
  [
    "not one that somebody removed",
    {
      realms: [realm("one", refused)],
      pending: { keyId: "pen", start: NOW - HOUR, end: NOW + 180 * DAY, failures: 0 },
    },
    { rotates: "refused", codes: ["SECRET_REFUSED"] },
  ],
  [
    "one that no list shows yet, yes",
    {
      realms: [realm("one", refused)],
      pending: { keyId: "pen", start: NOW - HOUR / 12, end: NOW + 180 * DAY, failures: 0 },
    },
    {
      rotates: "refused",
      reuse: { from: "memory", keyId: "pen" },
      codes: ["SECRET_REFUSED"],
    },
  ],
  [
    "not one whose time to come into use is over: it goes, and another is made",
    {
      passwords: [dying, listed("pen", -2, 178)],
      own: [
        ours(dying, "written"),
        ours(listed("pen", -2, 178), "proved", { intent: 5 as IntentId }),
      ],
      pending: { keyId: "pen", start: NOW - 2 * DAY, end: NOW + 178 * DAY, failures: 0 },
    },
    { rotates: "no", removes: ["pen"] },
  ],
  [
    "no number of secrets stops one that makes none",
    {
      passwords: [dying, listed("pen", 0, 180), ...twenty],
      own: [ours(dying, "written"), ours(listed("pen", 0, 180), "proof-failed", { at: NOW })],
      pending: { keyId: "pen", start: NOW, end: NOW + 180 * DAY, failures: 1 },
    },
    {
      rotates: "no",
      reuse: { from: "memory", keyId: "pen" },
      codes: ["ROTATION_TOO_MANY_SECRETS"],
    },
  ],
  // -- cleaning up
  [
    "an older one of ours goes once the overlap is over",
    { passwords: [oldOne, young], own: [ours(oldOne, "written"), ours(young, "written")] },
    { removes: ["old"] },
  ],
  [
    "not before",
    {
      passwords: [oldOne, listed("one", -0.9, 179)],
      own: [ours(oldOne, "written"), ours(listed("one", -0.9, 179), "written")],
    },
    {},
  ],
  [
    "the overlap begins when the new one was written, if that was later than its start",
    {
      passwords: [oldOne, young],
      own: [ours(oldOne, "written"), ours(young, "written", { at: NOW - HOUR })],
    },
    {},
  ],
  [
    "one that the journal does not know stays, whatever its name",
    { passwords: [oldOne, young], own: [ours(young, "written")] },
    {},
  ],
  [
    "a newer one, left by a crash, goes after its own overlap",
    {
      passwords: [young, listed("orp", -1.1, 170)],
      own: [ours(young, "written"), ours(listed("orp", -1.1, 170), "made")],
    },
    { removes: ["orp"] },
  ],
  [
    "not before",
    {
      passwords: [young, listed("orp", -0.9, 170)],
      own: [ours(young, "written"), ours(listed("orp", -0.9, 170), "made")],
    },
    {},
  ],
  [
    "and never within its first hour, however short the overlap",
    {
      passwords: [young, listed("orp", -0.03, 170)],
      own: [ours(young, "written"), ours(listed("orp", -0.03, 170), "made")],
      config: { ...CONFIG, overlapSeconds: 60 },
    },
    {},
  ],
  [
    "one whose answer was lost is ours by name, start and end",
    {
      passwords: [young, listed("orp", -2, 170)],
      own: [ours(young, "written"), lost(listed("orp", -2, 170))],
    },
    { removes: ["orp"] },
  ],
  [
    "but not where two fit: one is another machine's",
    {
      passwords: [young, listed("orp", -2, 170), listed("twn", -2, 170)],
      own: [ours(young, "written"), lost(listed("orp", -2, 170))],
    },
    {},
  ],
  [
    "nor where the dates differ",
    {
      passwords: [young, listed("orp", -2, 170)],
      own: [ours(young, "written"), lost(listed("orp", -2, 171))],
    },
    {},
  ],
  [
    "a second one of the same dates is no stranger where we know its key id",
    {
      passwords: [listed("one", -2, 170), listed("orp", -2, 170)],
      own: [lost(listed("orp", -2, 170)), ours(listed("one", -2, 170), "written")],
    },
    { removes: ["orp"] },
  ],
  [
    "from five on orphans go at once",
    {
      passwords: [young, listed("orp", -0.01, 170), ...five.slice(1)],
      own: [ours(young, "written"), ours(listed("orp", -0.01, 170), "made")],
    },
    { removes: ["orp"], codes: ["ROTATION_TOO_MANY_SECRETS"] },
  ],
  [
    "but none whose value we still have",
    {
      passwords: [young, listed("orp", -0.01, 170), ...five.slice(1)],
      own: [ours(young, "written"), ours(listed("orp", -0.01, 170), "made")],
      pending: { keyId: "orp", start: NOW, end: NOW + 170 * DAY, failures: 0 },
    },
    { codes: ["ROTATION_TOO_MANY_SECRETS"] },
  ],
  [
    "what any realm's key can be stays, rotated and trusted or not",
    {
      realms: [
        realm("one", accepted),
        realm("old", undefined, { realm: "second", rotate: false, trusted: false }),
      ],
      passwords: [oldOne, young],
      own: [ours(oldOne, "written"), ours(young, "written")],
    },
    { codes: ["SECRET_ENDS_SOON"] },
  ],
  [
    "a second realm that cannot be proved keeps what was in use",
    {
      realms: [
        realm("one", accepted),
        realm("xyz", undefined, { realm: "second", trusted: false }),
      ],
      passwords: [oldOne, young],
      own: [ours(oldOne, "written"), ours(young, "written")],
    },
    {},
  ],
  [
    "a realm that cannot be read keeps everything",
    {
      realms: [
        realm("one", accepted),
        { realm: "second", rotate: true, trusted: false, key: "unknown" },
      ],
      passwords: [oldOne, young, listed("orp", -3, 170)],
      own: [
        ours(oldOne, "written"),
        ours(young, "written"),
        ours(listed("orp", -3, 170), "made", { intent: 3 as IntentId }),
      ],
    },
    {},
  ],
  [
    "a missing realm keeps nothing",
    {
      realms: [
        realm("one", accepted),
        { realm: "second", rotate: true, trusted: false, key: "missing" },
      ],
      passwords: [oldOne, young],
      own: [ours(oldOne, "written"), ours(young, "written")],
    },
    { removes: ["old"] },
  ],
  [
    "with the key refused, what was in use stays and an old orphan goes",
    {
      realms: [realm("one", refused)],
      passwords: [oldOne, listed("orp", -3, 170)],
      own: [ours(oldOne, "written"), ours(listed("orp", -3, 170), "made")],
    },
    { rotates: "refused", removes: ["orp"], codes: ["SECRET_REFUSED"] },
  ],
  [
    "with the clock off deletions wait",
    {
      passwords: [oldOne, young],
      own: [ours(oldOne, "written"), ours(young, "written")],
      time: { now: NOW, localOffsetMs: -301_000 },
    },
    { codes: ["SYNC_CLOCK_OFF"] },
  ],
  [
    "what was removed is not removed again while lists still show it",
    { passwords: [oldOne, young], own: [ours(oldOne, "removed"), ours(young, "written")] },
    {},
  ],
  [
    "one without a hint may be anybody's key",
    {
      passwords: [{ ...oldOne, hint: null }, young],
      own: [ours(oldOne, "written"), ours(young, "written")],
    },
    {},
  ],
];

for (const [name, given, expected] of CASES) {
  t.test(name, async (t) => {
    const decision = decideRotation(facts(given));
    t.equal(decision.rotate?.forced, expected.rotates, "rotates");
    if (expected.realms) t.same(decision.rotate?.realms, expected.realms, "which realms");
    t.same(decision.rotate?.reuse, expected.reuse, "reuses");
    t.same(
      decision.remove.map(({ keyId }) => keyId),
      expected.removes ?? [],
      "removes",
    );
    t.same(
      decision.findings.map(({ code }) => code),
      expected.codes ?? [],
      "finds",
    );
    if (decision.rotate) t.ok(decision.rotate.reason.length > 10, "has a reason");
    for (const { reason } of decision.remove) t.ok(reason.length > 10, "has a reason");
    t.same(decideRotation(facts(given)), decision, "the same facts decide the same");
  });
}

t.test("a new secret rests only where nobody waits and nothing hurries", async (t) => {
  const own = [ours(dying, "written")];
  const rests = (more: Partial<RotationFacts>): boolean | undefined =>
    decideRotation(facts({ passwords: [dying], own, patient: true, ...more })).rotate?.rests;
  t.equal(rests({}), true, "scheduled");
  t.equal(rests({ patient: false }), false, "somebody waits");
  t.equal(rests({ ordered: true }), false, "ordered");
  t.equal(rests({ realms: [realm("one", refused)] }), false, "refused");
  const minutes = listed("one", -179, 1 / 48);
  t.equal(rests({ passwords: [minutes], own: [ours(minutes, "written")] }), false, "ends soon");
});

t.test(
  "whose secret is somebody else's is told in words that hold while the new one rests",
  async (t) => {
    const decision = decideRotation(facts({ passwords: [dying], patient: true }));
    t.equal(decision.rotate?.rests, true);
    const [{ message } = { message: "" }] = decision.findings;
    t.match(message, /^the secret one \(one…\) was not made by this agent.* until 2026-12-01$/);
    t.notMatch(message, /replaced/);
  },
);

t.test("it tells what is in use, and when it is due", async (t) => {
  const own = [ours(young, "written")];
  const { realms, nextRotationAt } = decideRotation(facts({ passwords: [young], own }));
  t.match(realms[0], { realm: "entra", hint: "one", inUse: young, own: true, ends: young.end });
  t.equal(nextRotationAt, young.end - 60 * DAY);
});

t.test("the clean-up is tied to the intent that made the secret", async (t) => {
  const own = [ours(oldOne, "written", { intent: 7 as IntentId }), ours(young, "written")];
  const { remove } = decideRotation(facts({ passwords: [oldOne, young], own }));
  t.match(remove, [{ keyId: "old", intent: 7, hint: "old" }]);
});
