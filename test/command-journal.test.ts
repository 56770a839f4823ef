/** A journal that cannot be used is told by the commands that only read it, instead of silence. */
import t from "tap";
import type { Io } from "../src/commands/io.js";
import { silentLog } from "../src/log.js";
import { main } from "../src/main.js";
import { mapping, startSite } from "./support/site.js";
import type { Site } from "./support/site.js";

async function run(site: Site, machineId: string, ...args: string[]) {
  const said = { out: "", err: "", exit: 0 };
  const io: Io = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    terminal: false,
    version: "0.1.0",
    uid: process.getuid?.(),
    onSignal: () => () => undefined,
    machine: {
      clock: site.clock,
      log: silentLog,
      nodeName: "pve1",
      machineId,
      random: () => 0,
      env: {},
    },
  };
  said.exit = await main([...args, "--config", site.configFile], io);
  return said;
}

const OURS = "0123456789abcdef0123456789abcdef";

t.test("history and plan say that the journal is another machine's", async (t) => {
  const site = await startSite(t);
  site.configure({ groups: mapping("ops", site.group("Ops", [site.addUser("anna")])) });
  site.journal.note("start", undefined, "version 0.1.0");

  const own = await run(site, OURS, "history");
  t.match(own, { exit: 0, err: "", out: /start: version 0\.1\.0/ });

  const foreign = await run(site, "f".repeat(32), "history");
  t.match(foreign, { exit: 0, err: /^warning JOURNAL_FOREIGN: / });
  t.match(await run(site, "f".repeat(32), "history", "--json"), {
    out: "",
    err: /JOURNAL_FOREIGN/,
  });

  const plan = await run(site, "f".repeat(32), "plan");
  t.match(plan, { exit: 2, err: "", out: /^2 writes\.\n/ });
  t.equal(plan.out.match(/JOURNAL_FOREIGN/g)?.length, 1, "once");

  site.entra.faults.add({ times: Infinity, do: { kind: "status", status: 403 } });
  const failed = await run(site, "f".repeat(32), "plan");
  t.match(failed, { exit: 1, out: "" });
  t.equal(failed.err.match(/JOURNAL_FOREIGN/g)?.length, 1, "once");
});
