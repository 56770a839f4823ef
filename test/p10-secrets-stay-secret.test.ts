import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import t from "tap";
import { sharedClock } from "./support/fast-agent.js";
import { filesBelow, leaksIn, mapping, secretsOf, startSite } from "./support/site.js";
import type { Site } from "./support/site.js";

t.setTimeout(240_000);

// A secret that Entra refuses, a token that PVE refuses, bodies that are garbage: whoever prints
// what it got, or what it sent, prints a secret.

/**
 * A minute of proof in two seconds. The program gives thirty questions about a key three minutes: six
 * seconds, which a machine must not need for them.
 */
const clock = sharedClock(30);

const LONGEST_MS = 180_000;

/** Runs the real program; gives all it printed, its command line and its environment as seen by others. */
async function run(
  site: Site,
  argv: readonly string[],
  until?: (said: string) => Promise<boolean>,
): Promise<{ said: string; seen: string }> {
  const child = spawn(
    process.execPath,
    ["--import=tsx", "test/support/fast-agent.ts", ...argv, "--config", site.configFile],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, RUNTIME_DIRECTORY: site.dir, FAST_CLOCK: clock.env },
    },
  );
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => void (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => void (said += chunk.toString()));
  const ended = once(child, "exit");
  const proc = (name: string): string => readFileSync(`/proc/${child.pid}/${name}`, "utf8");
  const seen = `${proc("cmdline")}\n${proc("environ")}`;
  if (until !== undefined) {
    const deadline = performance.now() + LONGEST_MS;
    while (performance.now() < deadline && child.exitCode === null) {
      if (await until(said)) break;
      await sleep(100);
    }
    child.kill("SIGTERM");
  }
  await ended;
  return { said, seen };
}

t.test("no secret in output, log, journal, argv, environment, health or metrics", async (t) => {
  const site = await startSite(t, { clock });
  site.journal.close();
  const group = site.group("Operators", [site.addUser("anna")]);
  site.configure({
    groups: mapping("ops", group),
    // By the machine's own time: what one pass could not find out, the next one does soon.
    sections: '[schedule]\ncron = "* * * * *"',
  });
  const texts: string[] = [];
  const keep = ({ said, seen }: { said: string; seen: string }): string => {
    texts.push(said, seen);
    return said;
  };

  t.match(keep(await run(site, ["plan"])), /create user anna/);
  t.match(keep(await run(site, ["plan", "--json"])), /"version": 1/);
  t.match(keep(await run(site, ["sync", "--json"])), /"type":"done","exit":0/);
  site.entra.faults.add({ path: "/applications", times: 3, do: { kind: "garbage" } });
  site.pve.faults.add({ path: "/access/domains", times: 1, do: { kind: "truncate" } });
  keep(await run(site, ["sync"]));
  site.entra.faults.clear();
  site.pve.faults.clear();

  const token = secretsOf(site).at(-1) ?? "";
  site.pve.world.tokenSecret("entra-agent@pve!agent", "another-value-altogether");
  t.match(keep(await run(site, ["sync"])), /PVE_UNAUTHORIZED/);
  site.pve.world.tokenSecret("entra-agent@pve!agent", token);

  // The key is removed by hand: the daemon judges it for a minute, then makes and writes another.
  for (const { keyId } of site.entra.world.secretsOf(site.sso.id)) {
    site.entra.world.removeSecretByHand(site.sso.id, keyId);
  }
  const daemon = await run(site, ["run"], async (said) => {
    const url = /"health":"(http:[^"]+)"/.exec(said)?.[1];
    if (url === undefined) return false;
    for (const path of ["/health", "/metrics", "/ready", "/nothing"]) {
      texts.push(await (await request(`${url}${path}`)).body.text());
    }
    return said.includes("the client secret was renewed");
  });
  t.match(keep(daemon), /the client secret was renewed/);
  t.match(keep(await run(site, ["history"])), /secret/);
  keep(await run(site, ["status"]));

  texts.push(...filesBelow(`${site.dir}/state`));
  t.ok(secretsOf(site).length >= 4, "there were secrets to leak");
  t.strictSame(leaksIn(site, texts), []);
});
