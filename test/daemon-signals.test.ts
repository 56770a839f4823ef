import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { createClock } from "./emulators/common/clock.js";
import { openJournal } from "../src/journal/index.js";
import { silentLog } from "../src/log.js";
import { heldBack } from "./support/daemon-bed.js";
import { mapping, startSite } from "./support/site.js";
import type { Site } from "./support/site.js";
import { systemClock } from "../src/clock.js";

t.setTimeout(240_000);

const realTime = { ...systemClock, ...createClock() };

function agentProcess(
  site: Site,
  command: readonly string[],
): ChildProcess & { said: () => string } {
  const child = spawn(
    process.execPath,
    ["--import=tsx", "src/main.ts", ...command, "--config", site.configFile],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, RUNTIME_DIRECTORY: site.dir } },
  );
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => void (said += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => void (said += chunk.toString()));
  return Object.assign(child, { said: () => said });
}

async function until(what: string, true_: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (true_()) return;
    await sleep(100);
  }
  throw new Error(`never: ${what}`);
}

/**
 * The kernel may give one of two signals to a thread that gets its turn late, on a machine with much
 * to do after the process is done with the other one, and Node listens no more while it winds up.
 */
function signalsWait(pid: number | undefined): boolean {
  return !/^ShdPnd:\t0+$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

t.test("SIGTERM in the middle of a pass: the write under way ends, nothing is lost", async (t) => {
  const site = await startSite(t, { clock: realTime });
  site.journal.close();
  const people = Array.from({ length: 30 }, (_, at) => site.addUser(`person${at}`));
  const parts = { groups: mapping("ops", site.group("Operators", people)) };
  site.configure({ ...parts, sections: '[cluster]\nid = "test"' });
  const { fault, release } = heldBack(t);
  site.pve.faults.add({ method: "POST", path: "/access/users", skip: 5, do: fault });

  const child = agentProcess(site, ["run"]);
  await until(
    "a write under way",
    () => site.pve.log.count({ method: "POST", path: "/access/users" }) >= 6,
  );
  child.kill("SIGTERM");
  await until("it stops", () => child.said().includes("stopping"));
  // An impatient second one, or a reload on the way, cuts nothing off.
  child.kill("SIGHUP");
  child.kill("SIGTERM");
  await until("it has them", () => !signalsWait(child.pid));
  const ended = once(child, "exit");
  release();
  const [code] = (await ended) as [number | null];
  t.equal(code, 0, child.said());
  const made = site.pve.log.count({ method: "POST", path: "/access/users" });
  t.equal(made, 6, "the write under way was the last one");
  const names = people.map((_, at) => `person${at}@contoso.example@entra`);
  t.equal(names.filter((name) => site.user(name) !== undefined).length, 6);

  const again = agentProcess(site, ["sync"]);
  const [exit] = (await once(again, "exit")) as [number | null];
  t.equal(exit, 0, again.said());
  t.equal(names.filter((name) => site.user(name)?.groups[0] === "ops").length, 30);
  const journal = openJournal({
    dir: `${site.dir}/state`,
    clock: realTime,
    log: silentLog,
    nodeName: "other",
    machineId: "other",
  });
  t.strictSame(
    journal.findings.map(({ code }) => code),
    ["JOURNAL_FOREIGN"],
  );
  journal.close();
});

t.test("kill -9 in the middle of a pass: the next start ends in the same state", async (t) => {
  const site = await startSite(t, { clock: realTime });
  site.journal.close();
  const people = Array.from({ length: 20 }, (_, at) => site.addUser(`person${at}`));
  const parts = { groups: mapping("ops", site.group("Operators", people)) };
  site.configure({ ...parts, sections: '[cluster]\nid = "test"' });
  const child = agentProcess(site, ["run"]);
  await until("writes", () => site.pve.log.count({ method: "POST", path: "/access/users" }) >= 3);
  child.kill("SIGKILL");
  await once(child, "exit");
  const again = agentProcess(site, ["sync"]);
  const [exit] = (await once(again, "exit")) as [number | null];
  t.equal(exit, 0, again.said());
  for (let at = 0; at < 20; at += 1) {
    t.strictSame(site.user(`person${at}@contoso.example@entra`)?.groups, ["ops"]);
  }
});

t.test("a bad configuration ends with 78 and every problem at once", async (t) => {
  const site = await startSite(t, { clock: realTime });
  site.journal.close();
  t.throws(() => site.configure({ groups: 'nonsense = "here"\nfurther = 1' }));
  const child = agentProcess(site, ["run"]);
  const [code] = (await once(child, "exit")) as [number | null];
  t.equal(code, 78);
  t.match(child.said(), /CONFIG_INVALID[^]*nonsense[^]*further/);
});

t.test("with --json-log, why a start failed is lines of JSON, too, and the event", async (t) => {
  const site = await startSite(t, { clock: realTime });
  site.journal.close();
  t.throws(() => site.configure({ groups: 'nonsense = "here"\nfurther = 1' }));
  const child = agentProcess(site, ["run", "--json-log"]);
  const [code] = (await once(child, "exit")) as [number | null];
  t.equal(code, 78);
  const lines = child.said().trimEnd().split("\n");
  const told = lines.map((line) => JSON.parse(line) as { event?: string; message: string });
  t.match(told[0], { event: "START_FAILED", level: "error", message: /CONFIG_INVALID.*nonsense/ });
  t.match(told.map(({ message }) => message).join("\n"), /further/);
});
