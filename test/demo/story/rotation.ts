/** A client secret that ends in five days, and the five days. */
import { DAY, HOUR } from "../play.js";
import type { Play } from "../play.js";
import { readRealm } from "../../emulators/signin/realm.js";
import { REALM } from "../organisation.js";
import type { Scene } from "./scene.js";

export const rotation: Scene = {
  title: "The realm's secret ends in five days, and nobody notices",
  async play(play) {
    const { stage, tell } = play;
    const { world } = stage.entra;
    const [byHand] = world.secretsOf(stage.sso.id);
    tell.say("The first pass has made a new secret; now it is proved once a second, while");
    tell.say("Entra's replicas learn of it one after the other and people go on signing in.");
    await play.until("the first rotation", () => isNew(play, byHand?.secretText), 30);
    await play.until("its end", async () => !(await isRotating(play)), 15);
    const first = keyOf(play);
    const mine = world.secretsOf(stage.sso.id).find(({ secretText }) => secretText === first);
    const days = Math.round(((mine?.end ?? 0) - play.clock.now()) / DAY);
    tell.check(days > 170, `The realm has a secret that lasts ${days} days`);
    tell.say("An administrator wants another one, now:");
    const { exit } = await play.command(["rotate"]);
    const second = keyOf(play);
    tell.check(exit === 0 && second !== first, "It is there", `exit ${exit}`);
    const { signedIn, refused } = play.crowd.seen;
    tell.check(
      refused.length === 0 && signedIn >= 20,
      `${signedIn} people signed in meanwhile, none was refused`,
      refused[0] ?? "there were too few to tell",
    );
    const still = world.secretsOf(stage.sso.id).length;
    tell.check(still === 3, "All three secrets are valid side by side", `there are ${still}`);
    await theDayAfter(play, first);
    await theFifthDay(play, byHand?.end ?? 0);
  },
};

async function theDayAfter(play: Play, first: string): Promise<void> {
  const { stage, tell } = play;
  const left = (): readonly string[] =>
    stage.entra.world.secretsOf(stage.sso.id).map(({ secretText }) => secretText);
  await play.leap(20 * HOUR, 4 * HOUR);
  tell.check(left().includes(first), "20 hours later the agent's older secret is still valid");
  await play.leap(6 * HOUR, 2 * HOUR);
  tell.check(
    !left().includes(first) && left().includes(keyOf(play)),
    "After the overlap of a day it is gone, the one in use is not",
  );
  tell.check(left().length === 2, "The one made by hand is not ours: it ends by itself");
}

async function theFifthDay(play: Play, end: number): Promise<void> {
  const { tell, clock, crowd } = play;
  const before = crowd.seen;
  const hours = Math.ceil((end - clock.now()) / HOUR) + 6;
  tell.say("Days pass …");
  await play.leap(hours * HOUR, 6 * HOUR);
  const { signedIn, refused } = crowd.seen;
  tell.check(
    clock.now() > end && signedIn > before.signedIn && refused.length === 0,
    "The day on which everybody would have been locked out has passed unnoticed",
    refused[0],
  );
}

function keyOf({ stage }: Play): string {
  return readRealm(stage.pve.domainsCfg(), REALM).clientKey ?? "";
}

function isNew(play: Play, old: string | undefined): boolean {
  return keyOf(play) !== old;
}

async function isRotating(play: Play): Promise<boolean> {
  const { body } = await play.health();
  const realms = body.realms as Record<string, { secret: { rotating: boolean } }>;
  return realms[REALM]?.secret.rotating === true;
}
