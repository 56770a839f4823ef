/** `npm run demo`: the whole program against both emulators, told step by step. */
import { asAgentError } from "../../src/errors.js";
import { Play } from "./play.js";
import { SCENES } from "./story/index.js";
import { Teller } from "./terminal.js";
import { stayUp } from "./stay.js";

const once = process.argv.includes("--once");
const interrupted = new AbortController();
process.on("SIGINT", () => interrupted.abort()).on("SIGTERM", () => interrupted.abort());

const { stdout } = process;
const tell = new Teller(
  {
    write: (text) => void stdout.write(text),
    colours: stdout.isTTY && process.env["NO_COLOR"] === undefined,
  },
  SCENES.length,
);

/** Plays the scenes until one cannot go on; true when all came true. */
async function story(play: Play): Promise<boolean> {
  for (const scene of SCENES) {
    tell.scene(scene.title, play.clock.now());
    try {
      await scene.play(play);
    } catch (thrown) {
      tell.check(false, "The story cannot go on", asAgentError(thrown).message);
      const log = play.log().trimEnd().split("\n").slice(-12).join("\n    ");
      tell.say(`The end of the daemon's log:\n    ${log}`);
      break;
    }
  }
  return tell.summary();
}

const stopped = new Promise<"stopped">((resolve) =>
  interrupted.signal.addEventListener("abort", () => resolve("stopped"), { once: true }),
);

const play = await Play.open(tell);
try {
  const outcome = await Promise.race([story(play), stopped]);
  process.exitCode = outcome === true ? 0 : 1;
  if (outcome === "stopped") tell.mute();
  else if (!once) {
    await stayUp(play);
    await stopped;
    process.exitCode = 0;
  }
} finally {
  await play.close();
}
