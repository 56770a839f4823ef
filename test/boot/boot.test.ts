/**
 * The package on a booted Debian 13, from `apt install` to `apt purge`, with Entra ID and the API of
 * Proxmox VE beyond a bridge. One node lives through all chapters, so that they build on another.
 */
import t from "tap";
import type { Test } from "tap";
import { trixieRoot } from "../package/root.js";
import { certified } from "./certificate.js";
import { buildPackage } from "./deb.js";
import { clientKey, orderRotation, rotated, syncs } from "./first-sync.js";
import { measured } from "./bench.js";
import { logged } from "./journal.js";
import { watched } from "./prometheus.js";
import { confined, scored } from "./sandbox.js";
import { installs } from "./install.js";
import { leftNothing, quietPicture } from "./left.js";
import { makeLab } from "./lab.js";
import { doesWithout, killed, moves, refuses, reloads, stuck, waitsForEtcPve } from "./life.js";
import { bootNode } from "./node.js";
import { startOutside } from "./outside.js";
import { furnishEtcPve, trust } from "./pve-files.js";
import { GUI_NAME, HOSTNAME, PEOPLE, PVE_NAME } from "./story.js";
import type { Story } from "./story.js";
import { purged, removed, staysStopped, upgrades } from "./versions.js";

function seconds(since = 0): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

t.setTimeout(1_200_000);
if (process.getuid?.() !== 0) {
  throw new Error("the boot test needs root: it makes a network namespace and boots a container");
}

const building = buildPackage();
const lab = makeLab();
const hosts = { [PVE_NAME]: lab.address };
const [node, outside] = await Promise.all([
  bootNode(lab, trixieRoot(), { hostname: HOSTNAME, hosts }),
  startOutside(lab, { pveName: PVE_NAME, guiName: GUI_NAME, people: PEOPLE }),
]);
await furnishEtcPve(node, outside.facts);
await trust(node, { login: outside.facts.entraCaPem, acme: outside.facts.acmeCaPem });
const built = await building;
t.comment(`${built.file}: ${seconds()}`);
const story: Story = { lab, node, outside, built };
const before = await quietPicture(node);
const firstKey = clientKey((await outside.files()).domainsCfg);

/** They build on one another: after one that failed, the others would only tell of it, too. */
const chapters: Record<string, (t: Test) => Promise<void>> = {
  "apt install": (t) => installs(t, story),
  "the first sync": (t) => syncs(t, story),
  "while a rotation goes on": async (t) => {
    const ordered = orderRotation(story);
    await t.test("exposure", (t) => scored(t, story));
    await t.test("the sandbox", (t) => confined(t, story));
    await t.test("Prometheus", (t) => watched(t, story));
    await t.test("the rotation", async (t) => rotated(t, story, firstKey, await ordered));
  },
  reload: (t) => reloads(t, story),
  "a bad configuration": (t) => refuses(t, story),
  "/etc/pve comes late": (t) => waitsForEtcPve(t, story),
  "credentials of the cluster": (t) => moves(t, story),
  "orders without the service": (t) => doesWithout(t, story),
  "kill -9": (t) => killed(t, story),
  "a process that stands still": (t) => stuck(t, story),
  "the GUI's certificate is another one": (t) => certified(t, story),
  "what it costs": (t) => measured(t, story),
  "downgrade and upgrade": (t) => upgrades(t, story),
  "an upgrade of a stopped service": (t) => staysStopped(t, story),
  "the journal": (t) => logged(t, story),
  remove: (t) => removed(t, story),
  purge: (t) => purged(t, story),
  "what is left": (t) => leftNothing(t, story, before),
};

for (const [name, chapter] of Object.entries(chapters)) {
  const began = performance.now();
  await t.test(name, async (t) => {
    await chapter(t);
    // Of a process that is gone when journald comes to its entry, it does not know the unit.
    await node.must("journalctl", "--sync");
    t.comment(seconds(began));
  });
  if (t.passing()) continue;
  const { out } = await node.sh("journalctl --no-pager | grep -v ' Why: ' | tail -n 80");
  t.comment(out);
  break;
}
process.exit();
