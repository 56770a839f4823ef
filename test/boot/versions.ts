/** Another version, up and down; and the end: remove, purge. */
import type { Test } from "tap";
import { configText, CONFIG_FILE, CREDENTIAL_PLACES } from "./configuration.js";
import { lowerVersion } from "./deb.js";
import { apt, aptInstall } from "./install.js";
import type { Node } from "./node.js";
import { mainPid, show, UNIT, untilRestarted, untilState } from "./service.js";
import type { Story } from "./story.js";

const STATE = "/var/lib/pve-entra-agent";

export async function upgrades(t: Test, { node, outside, built, lab }: Story): Promise<void> {
  const lower = lowerVersion(built, lab.dir);
  const edited = node.read(CONFIG_FILE);
  t.equal(edited, configText(outside.facts), "the configuration is not as it came");
  for (const [what, version, options] of [
    ["downgrade", lower, ["--allow-downgrades"]],
    ["upgrade", built, []],
  ] as const) {
    const pid = await mainPid(node);
    await aptInstall(node, version, ...options);
    t.equal(await installed(node), version.version, what);
    await untilRestarted(node, pid);
    await untilState(node, "ok");
    t.equal(node.read(CONFIG_FILE), edited, "keeps what was edited");
    const beside = await node.must("find", "/etc/pve-entra-agent", "-name", "*.dpkg-*");
    t.equal(beside, "", "and leaves no other file beside it");
  }
}

/** Whoever has stopped the service, in an emergency say, does not want an upgrade to start it. */
export async function staysStopped(t: Test, { node, built }: Story): Promise<void> {
  await node.must("systemctl", "stop", UNIT);
  await aptInstall(node, built, "--reinstall");
  const { ActiveState } = await show(node, "ActiveState");
  t.equal(ActiveState, "inactive");
  await node.must("systemctl", "start", UNIT);
  await untilState(node, "ok");
}

async function installed(node: Node): Promise<string> {
  return (await node.must("dpkg-query", "-W", "-f", "${Version}", "pve-entra-agent")).trim();
}

export async function removed(t: Test, { node }: Story): Promise<void> {
  const said = await apt(node, "remove", "-y", "pve-entra-agent");
  t.match(said, /secret/i, "it says what becomes of the secret");
  t.match(said, /rights/i, "and of the rights");
  const { LoadState, MainPID } = await show(node, "LoadState", "MainPID");
  t.strictSame({ LoadState, MainPID }, { LoadState: "not-found", MainPID: "0" });
  t.equal((await node.run("test", "-e", CONFIG_FILE)).code, 0, "the configuration is kept");
  t.equal((await node.run("test", "-e", STATE)).code, 0, "and so is the state");
  t.equal((await node.run("systemctl", "is-active", UNIT)).code === 0, false);
}

export async function purged(t: Test, { node }: Story): Promise<void> {
  await apt(node, "purge", "-y", "pve-entra-agent");
  for (const path of ["/etc/pve-entra-agent", STATE, "/run/pve-entra-agent"]) {
    t.not((await node.run("test", "-e", path)).code, 0, `${path} is gone`);
  }
  t.equal(
    (await node.run("test", "-e", `${CREDENTIAL_PLACES.cluster}/pve-token`)).code,
    0,
    "the cluster's credentials are not this package's to remove",
  );
  const failed = await node.must("systemctl", "--failed", "--no-legend", "--plain");
  t.equal(failed.trim(), "", "systemd misses nothing");
}
