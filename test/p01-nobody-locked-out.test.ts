/** P1: nobody is locked out by us. What PVE holds is a secret that Entra accepts, at any moment. */
import t from "tap";
import { createSignIn } from "./emulators/signin/index.js";
import { DAY, HOUR, START, startBed } from "./rotation-bed.js";

const ROTATIONS = 5;
const SIGN_INS = 1000;
const PEOPLE = 20;

t.setTimeout(300_000);

t.test(
  "1,000 sign-ins spread over 5 rotations, replicas 4 to 90 s behind: none refused",
  async (t) => {
    const bed = await startBed(t, { seed: 11 });
    const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 175 * DAY }) } });
    bed.world.settled(() => {
      bed.world.editApp(bed.sso.id, { redirectUris: [`${node.pve.url}/`, node.pve.url] });
      for (let n = 0; n < PEOPLE; n += 1) bed.world.addUser({ upn: `p${n}@example.com` });
    });
    const session = createSignIn({ pve: node.pve, entra: bed.entra });
    t.teardown(() => session.close());

    const refused: string[] = [];
    let begun = 0;
    let during = 0;
    // Up to eight at a time go on beside whatever the agent does meanwhile.
    const underWay = new Set<Promise<void>>();
    const signIn = async (): Promise<void> => {
      if (begun >= SIGN_INS) return;
      begun += 1;
      const one = session.signIn(`p${begun % PEOPLE}@example.com`).then((result) => {
        if (!result.in) refused.push(result.because);
        underWay.delete(one);
      });
      underWay.add(one);
      if (underWay.size >= 8) await Promise.race(underWay);
    };

    // A login takes its time from its first second: the calendar turns between two of them only.
    const jump = async (ms: number): Promise<void> => {
      await Promise.all(underWay);
      bed.clock.advance(ms);
    };

    const keys = new Set([node.key()]);
    for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) {
      const share = (SIGN_INS / ROTATIONS) * rotation;
      bed.tick = async () => {
        if (begun >= share - 50) return;
        during += 1;
        await signIn();
      };
      const { outcome, codes } = await node.pass();
      t.equal(outcome?.ok, true, `rotation ${rotation}`);
      t.notOk(codes.includes("ROTATION_ROLLED_BACK"), "in one go");
      keys.add(node.key());
      bed.tick = () => undefined;
      // The rest: through the overlap, the removal of the old one, and after it.
      for (const wait of [HOUR, 20 * HOUR, 4 * HOUR, 2 * DAY]) {
        await jump(wait);
        await node.pass();
        const until = begun + Math.ceil((share - begun) / 2);
        while (begun < until) await signIn();
      }
      while (begun < share) await signIn();
      await jump(125 * DAY);
    }
    await Promise.all(underWay);
    t.equal(begun, SIGN_INS);
    t.ok(during >= 500, `${during} of them while a rotation was under way`);
    t.equal(keys.size, ROTATIONS + 1, "the key changed five times");
    t.same(refused, []);
    t.equal(bed.secrets().filter(({ end }) => end > bed.clock.now() - 200 * DAY).length, 1);
    t.same(bed.entra.violations, []);
  },
);
