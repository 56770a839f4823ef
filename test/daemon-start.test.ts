/** A start that cannot be: nothing of it stays, and the next one finds its place free. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { daemonListens } from "../src/control/index.js";
import { byHand, feel, onPort, startOn, takenPort } from "./support/daemon-bed.js";
import { freePort } from "./support/free-port.js";
import { startSite } from "./support/site.js";

t.setTimeout(120_000);

t.test("a health port that is taken ends the start, and leaves nothing that listens", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  onPort(site, await takenPort(t));
  await t.rejects(startOn(site, byHand()), { code: "HEALTH_LISTEN" });
  t.equal(await daemonListens(`${site.dir}/state/control.sock`), false);
  site.configure({});
  const daemon = await startOn(site, byHand());
  t.teardown(() => daemon.stop());
  t.equal((await feel(daemon.healthUrl)).status, 200, "and it can be started again");
});

t.test("health listens first: a credential that is no use closes it again", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const url = onPort(site, await freePort());
  const ca = join(site.dir, "ca.pem");
  const good = readFileSync(ca, "utf8");
  writeFileSync(ca, "none in here\n");
  await t.rejects(startOn(site, byHand()), { code: "CREDENTIAL_INVALID" });
  await t.rejects(feel(url));
  writeFileSync(ca, good);
  const daemon = await startOn(site, byHand());
  t.teardown(() => daemon.stop());
  t.equal((await feel(url)).status, 200, "the same port is free");
});
