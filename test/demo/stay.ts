/** After the story: everything stays up, and this is how to look around. */
import type { Play } from "./play.js";

/** Slower than in the story: a pass every five seconds, so that there is time to look. */
const RATE = 60;

export async function stayUp(play: Play): Promise<void> {
  const { clock, daemon, stage, tell, logFile } = play;
  await play.crowd.rest();
  clock.rate = RATE;
  const { pve, entra, configFile } = stage;
  const agent = "node --import tsx src/main.ts";
  const post = (url: string, order: object): string =>
    `curl -s -H 'content-type: application/json' -d '${JSON.stringify(order)}' ${url}/world`;
  for (const line of [
    "",
    "Everything stays up until Ctrl-C; a minute passes each second.",
    `  health         ${daemon.healthUrl}/health   /ready   /metrics`,
    `  Proxmox VE     ${pve.url}   control ${pve.control.url}`,
    `  Entra          ${entra.loginUrl}   control ${entra.control.url}`,
    `  CA             ${stage.dir}/ca.pem`,
    `  configuration  ${configFile}`,
    `  the log        ${logFile}`,
    "From another terminal:",
    `  ${agent} status --config ${configFile}`,
    `  ${agent} history --limit 20 --config ${configFile}`,
    `  ${agent} sync --config ${configFile}`,
    "Change the world and watch what becomes of it:",
    `  ${post(entra.control.url, { do: "leave", group: "Service Desk", member: "priya.raghunathan@contoso.example" })}`,
    `  ${post(entra.control.url, { do: "join", group: "PVE Administrators", member: "charlotte.muller@contoso.example" })}`,
    `  curl -s ${pve.control.url}/world`,
  ]) {
    tell.say(line);
  }
}
