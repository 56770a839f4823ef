/** An ACME client gives the GUI a certificate of another CA, for another name. */
import type { Test } from "tap";
import { configure } from "./configuration.js";
import { membersOf } from "./first-sync.js";
import { UNIT, untilState } from "./service.js";
import { GUI_NAME, upnOf, useridOf } from "./story.js";
import type { Story } from "./story.js";

export async function certified(t: Test, { node, outside }: Story): Promise<void> {
  await outside.showCertificate("acme");
  t.equal((await node.run("pve-entra-agent", "sync")).code, 1, "a pass fails");
  const failing = await untilState(node, "failing");
  t.match(failing.reasons.join(), /PVE_CERTIFICATE/, "without server_name, the name is refused");

  configure(node, outside.facts, { pve: `server_name = "${GUI_NAME}"` });
  await node.must("systemctl", "reload", UNIT);
  await untilState(node, "ok");
  await outside.entra({ do: "leave", group: "PVE Operators", member: upnOf(2) });
  await node.must("pve-entra-agent", "sync");
  const { userCfg } = await outside.files();
  t.notOk(membersOf(userCfg, "pve-operators").includes(useridOf(2)), "with it, passes go on");

  await outside.showCertificate("own");
  configure(node, outside.facts);
  await node.must("systemctl", "reload", UNIT);
  await untilState(node, "ok");
}
