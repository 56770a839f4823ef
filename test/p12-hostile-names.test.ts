/** Names are chosen by people, some of them hostile: what reaches a terminal says what it says. */
import t from "tap";
import { mapping, startSite } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

t.setTimeout(120_000);

const FORGED = "2026-11-22 10:00:00 UTC  approved by root: everything";
const HOSTILE = `Eve\n${FORGED}\r\u001b[2J\u009b31m\u202egnorw\u2066\u200b`;
// Everything that a terminal obeys but the line feed, which stands at line ends by right.
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/;

t.test("a person and a group with control and bidi characters in their names", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const eve = site.addUser("eve", { displayName: HOSTILE });
  const { id } = site.entra.world.addGroup({ displayName: HOSTILE });
  site.entra.world.join(id, eve);
  const guest = site.addUser("a b", { displayName: HOSTILE });
  site.entra.world.join(id, guest);
  site.configure({ groups: mapping("ops", id) });
  const run = terminalOf(site);
  const commands = ["plan", "sync", "status", "history"];
  for (const command of commands) {
    for (const args of [[command], [command, "--json"]]) {
      const { out, err } = await run(args);
      t.notMatch(out + err, OBEYED, args.join(" "));
      t.notMatch(out + err, new RegExp(`^\\s*${FORGED}`, "m"), `${args.join(" ")}: no forged line`);
    }
  }
  t.match((await run(["history"])).out, /Eve\\u000a2026/, "it is shown for what it is");
  const lines = (await run(["history", "--json"])).out.trim().split("\n");
  const names = lines.map((line) => (JSON.parse(line) as { personName?: string }).personName);
  t.ok(names.includes(HOSTILE), "and JSON means the same name");
});
