/** Somebody leaves, somebody is disabled, and a whole team goes by mistake. */
import { Agent, request } from "undici";
import { peopleOf, upnOf, useridOf } from "../organisation.js";
import { SETTLED } from "../play.js";
import type { Play } from "../play.js";
import type { Scene } from "./scene.js";

export const LEAVER = "Yusuf Demir";
const DISMISSED = "Kwame Mensah";
const TOKEN = "emulated-token-of-a-script";

export const leaving: Scene = {
  title: "Who leaves is out, without a login, API tokens included",
  async play(play) {
    const { stage, tell } = play;
    const { world } = stage.entra;
    const userid = useridOf(LEAVER);
    stage.pve.world.createToken(`${userid}!backup-script`, TOKEN, false);
    tell.check(
      (await byToken(play, userid)) === 200 && play.rights(userid, "/vms").has("VM.PowerMgmt"),
      `${LEAVER} (Service Desk) has rights, and a script of his an API token`,
    );
    tell.say(`He changes to another department; nobody tells Proxmox VE.`);
    world.leave("Service Desk", upnOf(LEAVER));
    const since = play.clock.now();
    await play.until("the leaver is out", () => !play.isEnabled(userid), 30);
    const minutes = Math.round((play.clock.now() - since) / 60_000);
    tell.check(
      !play.members("pve-operators").has(userid) && play.rights(userid, "/vms").size === 0,
      `${minutes} minutes later his rights are gone, though he never signed out`,
    );
    const status = await byToken(play, userid);
    tell.check(status === 401, "The token of his script is refused", `status ${status}`);
    await dismissed(play);
  },
};

async function dismissed(play: Play): Promise<void> {
  const { stage, tell } = play;
  const userid = useridOf(DISMISSED);
  tell.say(`${DISMISSED}'s account is disabled in Entra; the administrator does not wait:`);
  stage.entra.world.disable(upnOf(DISMISSED));
  await play.clock.sleep(SETTLED);
  const { exit } = await play.command(["sync"]);
  tell.check(
    exit === 0 && !play.isEnabled(userid) && !play.members("pve-developers").has(userid),
    `${DISMISSED} is out`,
    `exit ${exit}`,
  );
  const result = await play.door.signIn(upnOf(DISMISSED));
  tell.check(!result.in, "and cannot sign in");
}

export const massRemoval: Scene = {
  title: "A mass removal is held until somebody approves",
  async play(play) {
    const { stage, tell } = play;
    const team = peopleOf("Backend").map(useridOf);
    const asked = stage.pve.log.last();
    tell.say(`Somebody takes the group Backend (${team.length} people) out of Engineering.`);
    stage.entra.world.unnest("Engineering", "Backend");
    await play.clock.sleep(SETTLED);
    const held = await play.command(["sync"], { most: 12 });
    tell.check(held.exit === 3, "sync says by its exit code that changes are held");
    const inside = team.filter((userid) => play.members("pve-developers").has(userid));
    tell.check(
      inside.length === team.length && play.writes(asked) === 0,
      "Nobody has lost anything",
    );
    await isTold(play);
    const id = /--approve ([0-9a-f]{64})/.exec(held.text)?.[1] ?? "";
    tell.say("It was meant so:");
    const { exit } = await play.command(["sync", "--approve", id], { root: true, most: 12 });
    const out = team.filter(
      (userid) => !play.members("pve-developers").has(userid) && !play.isEnabled(userid),
    );
    tell.check(
      exit === 0 && out.length === team.length,
      `All ${team.length} are out`,
      `exit ${exit}, ${out.length} out`,
    );
  },
};

async function isTold(play: Play): Promise<void> {
  const { tell } = play;
  const { status, body } = await play.health();
  const reasons = (body.reasons as string[]).filter((reason) => reason.includes("held"));
  tell.check(
    status === 200 && body.state === "degraded" && reasons.length > 0,
    `Health says: ${String(body.state)}, ${reasons.join()}`,
  );
  const held = await play.metric('held_changes{realm="entra"}');
  tell.check((held ?? 0) > 0, `The metric pve_entra_agent_held_changes is ${held}`);
  const shown = await play.command(["status"], { most: 16 });
  tell.check(/sync --approve [0-9a-f]{64}/.test(shown.text), "status says what to do");
}

/** What PVE answers a script with this user's token. */
async function byToken({ stage }: Play, userid: string): Promise<number> {
  const dispatcher = new Agent({ connect: { ca: stage.pve.caPem } });
  try {
    const { statusCode, body } = await request(`${stage.pve.url}/api2/json/access/permissions`, {
      dispatcher,
      headers: { authorization: `PVEAPIToken=${userid}!backup-script=${TOKEN}` },
    });
    await body.dump();
    return statusCode;
  } finally {
    await dispatcher.close();
  }
}
