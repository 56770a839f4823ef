/**
 * A realm that is edited by hand in the middle of a rotation: whatever gap it falls into, the key
 * that an administrator put there stays, and so does everything else. The realm has a digest, so
 * there is no window at all: an edit between the read and the write makes PVE refuse the write.
 */
import t from "tap";
import { readRealm } from "../emulators/signin/realm.js";
import { createBed } from "./two-writers-bed.js";
import type { Agent, Bed } from "./two-writers-bed.js";
import { configOf, REALM } from "./two-writers-config.js";
import { drive, toTheEnd } from "./two-writers-drive.js";
import { say } from "./size.js";
import type { Parked } from "./two-writers-traffic.js";

t.setTimeout(600_000);

const KEY = "by-hand~key.of-an-administrator";

interface Edit {
  readonly name: string;
  make(bed: Bed): void;
  /** What became of it that should not. */
  lost(bed: Bed): string | undefined;
}

const EDITS: readonly Edit[] = [
  {
    name: "another key",
    make: ({ hands, tenant, sso }) => {
      const { secretText } = tenant.world.settled(() => tenant.world.addSecret(sso.id));
      hands.setRealm(REALM, { "client-key": secretText, comment: KEY });
    },
    lost: (bed) => {
      const newest = bed.tenant.world.secretsOf(bed.sso.id).filter(isByHand).at(-1)?.secretText;
      return keyOf(bed) === newest ? undefined : "the key is not the administrator's";
    },
  },
  {
    name: "another comment and other scopes",
    make: ({ hands }) => hands.setRealm(REALM, { comment: "desk 7", scopes: "email" }),
    lost: ({ state }) => {
      const kept = /comment desk 7\n/.test(state.domainsCfgText);
      const scopes = /scopes email\n/.test(state.domainsCfgText);
      return kept && scopes ? undefined : "the comment or the scopes are gone";
    },
  },
];

const isByHand = ({ displayName }: { displayName: string | null }): boolean =>
  displayName?.startsWith("pve-entra-agent") !== true;

const keyOf = ({ state }: Bed): string => readRealm(state.domainsCfgText, REALM).clientKey ?? "";

function whyRefused(bed: Bed): string | undefined {
  const secrets = bed.tenant.world.secretsOf(bed.sso.id);
  const works = secrets.some(({ secretText }) => secretText === keyOf(bed));
  return works ? undefined : "Entra does not know the realm's key";
}

interface Made {
  readonly gaps: number;
  readonly wrong: readonly string[];
  /** Requests of the rotation by their number; a proof is many of the same. */
  readonly requests: readonly string[];
  readonly observedAt: number;
}

/** One ordered rotation with an edit before its request number `gap` (0: none). */
async function rotation(edit: Edit, gap: number): Promise<Made> {
  const bed = await createBed({ seed: 1 });
  const agent: Agent = bed.agent("pve1");
  const config = configOf(bed.sso.appId, []);
  const wrong: string[] = [];
  const requests: string[] = [];
  const check = (when: string): void => {
    const why = whyRefused(bed);
    if (why !== undefined) wrong.push(`P1 ${when}: ${why}`);
  };
  const before = (next: Parked): void => {
    requests.push(`${next.method} ${next.path.split("?")[0] ?? ""}`);
    if (requests.length === gap) edit.make(bed);
    check(`before request ${requests.length}`);
  };
  const work = agent
    .pass(config, { rotate: true, secretsOnly: true })
    .then(({ rotated }) => rotated);
  await drive(bed, work, before);
  const observedAt = requests.findIndex((line) => line.includes("/access/domains/")) + 1;
  // A day and more: nothing of what was made may pull the key away.
  for (let day = 0; day < 2; day += 1) {
    bed.traffic.pass(26 * 3_600_000);
    await toTheEnd(bed, agent.pass(config, { secretsOnly: true }));
    check(`${day + 1} days later`);
  }
  const lost = gap === 0 ? undefined : edit.lost(bed);
  if (lost !== undefined) wrong.push(lost);
  agent.journal.close();
  return { gaps: requests.length, wrong, requests, observedAt };
}

/** Of many equal questions in a row the first and the last two stand for all. */
function worthAGap(requests: readonly string[], gap: number): boolean {
  const around = [-2, -1, 0, 1].map((by) => requests[gap - 1 + by]);
  return new Set(around).size > 1;
}

for (const edit of EDITS) {
  t.test(`${edit.name} in any gap of a rotation`, async (t) => {
    const [first] = EDITS;
    if (first === undefined) throw new Error("no edits");
    const { gaps, requests, observedAt } = await rotation(first, 0);
    t.ok(gaps > 90, "a whole rotation");
    const failures: string[] = [];
    let tried = 0;
    for (let gap = 1; gap <= gaps; gap += 1) {
      // What was there when the pass looked is what an ordered rotation replaces.
      if (edit.name === "another key" && gap <= observedAt) continue;
      if (!worthAGap(requests, gap)) continue;
      tried += 1;
      const { wrong } = await rotation(edit, gap);
      if (wrong.length > 0) failures.push(`before request ${gap}: ${wrong.join("; ")}`);
    }
    t.strictSame(failures, []);
    t.ok(tried >= 12, `${tried} gaps`);
    say(
      `by hand: ${edit.name} survives in ${tried - failures.length} of ${tried} gaps of a rotation`,
    );
  });
}
