/** The file system after the purge, beside the one before the installation. */
import type { Test } from "tap";
import { CREDENTIAL_PLACES } from "./configuration.js";
import type { Node } from "./node.js";
import { compare, takeSnapshot } from "./snapshot.js";
import type { Snapshot } from "./snapshot.js";
import type { Story } from "./story.js";

/** Not looked into: the kernel's, and what lives no longer than a boot or is for anybody's use. */
const NOT_LOOKED_INTO = ["/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp"];

/**
 * What an installation and a removal leave behind on every Debian, whatever the package: records of
 * dpkg and apt, logs, and systemd's own state.
 */
const OF_DEBIAN = [
  /^\/var\/lib\/(dpkg|apt)(\/|$)/,
  /^\/var\/cache\/(apt|debconf|ldconfig)(\/|$)/,
  /^\/var\/log(\/|$)/,
  /^\/var\/lib\/systemd(\/|$)/,
];

/**
 * The service's user and group stay: Debian's packages do not remove theirs, for another one could
 * get the number, and with it whatever files are left (Policy 9.2.2 and the wiki's
 * AccountHandlingInMaintainerScripts). systemd-sysusers writes these files, a copy of each, and a lock.
 */
const ACCOUNTS = ["passwd", "group", "shadow", "gshadow"];

export async function quietPicture(node: Node): Promise<Snapshot> {
  // What Debian does by the clock is no doing of the package.
  const timers = await node.must("systemctl", "list-timers", "--all", "--plain", "--no-legend");
  const names = timers.match(/\S+\.timer/g) ?? [];
  await node.must("systemctl", "stop", ...names);
  return takeSnapshot(node.root, NOT_LOOKED_INTO);
}

export async function leftNothing(t: Test, { node }: Story, before: Snapshot): Promise<void> {
  await node.must("rm", "-r", CREDENTIAL_PLACES.cluster);
  const { added, removed, changed } = compare(before, takeSnapshot(node.root, NOT_LOOKED_INTO));
  const ours = (paths: readonly string[]): string[] =>
    paths.filter((path) => !OF_DEBIAN.some((place) => place.test(path)) && !isAccount(path));
  t.strictSame(ours(added), [], "nothing is there that was not");
  t.strictSame(ours(removed), [], "nothing is gone");
  t.strictSame(ours(changed), [], "nothing is another");

  for (const name of ACCOUNTS) {
    const lines = node.read(`/etc/${name}`).split("\n");
    const earlier = node.read(`/etc/${name}-`).split("\n");
    const more = lines.filter((line) => !earlier.includes(line));
    t.ok(
      more.every((line) => line.startsWith("pve-entra-agent:")),
      `/etc/${name}: our user alone`,
    );
  }
  const shadow = await node.must("getent", "shadow", "pve-entra-agent");
  t.match(shadow, /^pve-entra-agent:!/, "nobody can sign in as that user");
  const { out } = await node.sh("find / -xdev -user pve-entra-agent -not -path '/proc/*'");
  t.equal(out, "", "and no file belongs to it");
}

function isAccount(path: string): boolean {
  return (
    ACCOUNTS.some((name) => [`/etc/${name}`, `/etc/${name}-`].includes(path)) ||
    path === "/etc/.pwd.lock"
  );
}
