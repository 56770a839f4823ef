import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { sharedClock } from "./support/fast-agent.js";
import { mapping, startSite } from "./support/site.js";
import type { Site } from "./support/site.js";

const clock = sharedClock(1);

function sync(site: Site): ChildProcess {
  return spawn(
    process.execPath,
    ["--import=tsx", "test/support/fast-agent.ts", "sync", "--config", site.configFile],
    {
      stdio: "ignore",
      env: { ...process.env, RUNTIME_DIRECTORY: site.dir, FAST_CLOCK: clock.env },
    },
  );
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

async function until(true_: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_200 && !true_(); tries += 1) await sleep(50);
}

/** Every write of a first sync: one group, three people, one entry. */
const WRITES = [
  ...[0, 1, 2, 3].map((skip) => ({ method: "POST", skip })),
  { method: "PUT", skip: 0 },
];

t.test(
  "killed at any write, before or after its effect: the next start ends the same",
  async (t) => {
    t.setTimeout(600_000);
    const site = await startSite(t, { clock });
    site.journal.close();
    const people = ["anna", "bert", "cora"].map((name) => site.addUser(name));
    site.configure({
      groups: mapping(
        "ops",
        site.group("Operators", people),
        'acl = [{ path = "/vms", role = "PVEVMUser" }]',
      ),
    });
    const initial = { userCfg: site.pve.userCfg() };
    t.equal(await ended(sync(site)), 0);
    const undisturbed = site.pve.userCfg();
    t.not(undisturbed, initial.userCfg);

    for (const { method, skip } of WRITES) {
      for (const withEffect of [false, true]) {
        const where = `${method} ${skip + 1}, killed ${withEffect ? "after" : "before"} its effect`;
        site.pve.load(initial);
        site.pve.log.clear();
        rmSync(`${site.dir}/state`, { recursive: true, force: true });
        site.pve.faults.add({ method, skip, do: { kind: "stall", withEffect } });
        const victim = sync(site);
        await until(() => site.pve.log.count({ method }) > skip || victim.exitCode !== null);
        victim.kill("SIGKILL");
        await ended(victim);
        site.pve.faults.clear();
        t.equal(victim.signalCode, "SIGKILL", `${where}: it was in the middle`);
        t.equal(await ended(sync(site)), 0, where);
        t.equal(site.pve.userCfg(), undisturbed, where);
      }
    }
    t.strictSame(site.entra.violations, []);
  },
);
