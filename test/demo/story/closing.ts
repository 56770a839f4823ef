/** How the agent is, why it did what it did, and that it may be killed at any moment. */
import { realmSection } from "../mappings.js";
import { peopleOf, REALM, useridOf } from "../organisation.js";
import { SETTLED } from "../play.js";
import type { Play } from "../play.js";
import { startVictim } from "../victim.js";
import { LEAVER } from "./leaving.js";
import type { Scene } from "./scene.js";

export const health: Scene = {
  title: "Health and metrics say how it is",
  async play(play) {
    const { stage, tell, organisation } = play;
    const before = await play.health();
    tell.check(
      before.status === 200 && before.body.state === "degraded",
      `Health says: ${String(before.body.state)}, ${(before.body.reasons as string[]).join()}`,
    );
    tell.say("The administrator lets guests in, and has the configuration loaded again (SIGHUP):");
    stage.configure(realmSection(organisation, { guests: true }));
    await play.daemon.reload();
    await play.until("health is ok", async () => (await play.state()) === "ok", 15);
    const guest = `${organisation.guest.upn}@${REALM}`;
    tell.check(
      play.members("pve-developers").has(guest),
      `${guest} is a developer; health says: ok`,
    );
    const series = {
      'secret_accepted{realm="entra"}': 1,
      'pass_success{realm="entra"}': 1,
      'held_changes{realm="entra"}': 0,
      'group_members{realm="entra",group="pve-admins"}': 3,
    };
    for (const [name, expected] of Object.entries(series)) {
      const value = await play.metric(name);
      tell.check(value === expected, `pve_entra_agent_${name} ${value}`, `expected ${expected}`);
    }
    await play.command(["status"], { most: 16 });
  },
};

export const history: Scene = {
  title: "History says why",
  async play(play) {
    const { tell } = play;
    const { exit, text } = await play.command(["history", "--user", useridOf(LEAVER)]);
    tell.check(
      exit === 0 && /leave .*pve-operators/.test(text) && /because /.test(text),
      `When ${LEAVER} lost what, and because of what`,
      `exit ${exit}`,
    );
    const all = (await play.command(["history", "--limit", "1000"], { most: 0 })).text;
    tell.check(/approved by ulrike/.test(all), "Who approved the mass removal");
    tell.check(/secret \S+ for entra: written/.test(all), "When the secret was renewed, and why");
    const secrets = play.stage.entra.world.secretTexts();
    const seen = `${tell.shown}${all}${play.log()}`;
    const leaked = secrets.filter((secret) => seen.includes(secret)).length;
    tell.check(leaked === 0, "No secret is in log, journal or on this terminal", `${leaked} are`);
  },
};

export const killed: Scene = {
  title: "Killed in the middle, started again, nothing is lost or done twice",
  async play(play) {
    const { stage, tell } = play;
    const team = peopleOf("Backend").map(useridOf);
    tell.say("Taking Backend out of Engineering was a mistake after all: it is put back.");
    tell.say("In the middle of giving everything back the agent is killed (kill -9).");
    await play.stopDaemon();
    stage.entra.world.nest("Engineering", "Backend");
    await play.clock.sleep(SETTLED);
    const asked = stage.pve.log.last();
    await killedAtWrite(play, Math.floor(team.length / 2));
    const done = team.filter((userid) => play.members("pve-developers").has(userid)).length;
    tell.check(done > 0 && done < team.length, `Killed when ${done} of ${team.length} were back`);
    await play.startDaemon();
    await play.until("the first pass", async () => (await play.state()) === "ok", 15);
    const back = team.filter(
      (userid) => play.members("pve-developers").has(userid) && play.isEnabled(userid),
    );
    tell.check(back.length === team.length, "The next start ends in the same state: all are back");
    const writes = play.writes(asked);
    tell.check(
      writes === team.length,
      `${writes} writes for ${team.length} people: none was done twice`,
      `expected ${team.length}`,
    );
    const before = stage.pve.userCfg();
    const { exit } = await play.command(["sync"]);
    tell.check(exit === 0 && stage.pve.userCfg() === before, "One more pass changes nothing");
    const { signedIn, refused } = play.crowd.seen;
    tell.check(
      refused.length === 0,
      `${signedIn} people signed in through all of this, none was refused`,
      refused[0],
    );
  },
};

/** Runs the daemon in a process of its own, and kills it before PVE has answered that write. */
async function killedAtWrite(play: Play, nth: number): Promise<void> {
  const victim = startVictim(play);
  play.closers.push(async () => victim.kill());
  let writes = 0;
  const forget = play.stage.pve.onWrite(() => {
    writes += 1;
    if (writes === nth) victim.kill();
  });
  try {
    await victim.ended;
  } finally {
    forget();
  }
}
