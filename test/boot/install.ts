/** `apt install`, and what is there before anybody configured anything. */
import { copyFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Test } from "tap";
import type { Package } from "./deb.js";
import type { Node } from "./node.js";
import { entries, show, statusText, UNIT } from "./service.js";
import type { Story } from "./story.js";
import { until } from "./until.js";

/** Nothing is answered where apt or dpkg ask: a question ends the installation with an error. */
export async function apt(node: Node, ...args: readonly string[]): Promise<string> {
  return node.must("sh", "-c", 'exec apt-get -q "$@" </dev/null 2>&1', "sh", ...args);
}

export async function aptInstall(
  node: Node,
  { file }: Package,
  ...options: readonly string[]
): Promise<string> {
  const inside = `/var/tmp/${basename(file)}`;
  copyFileSync(file, join(node.root, inside));
  return apt(node, "install", "-y", ...options, inside);
}

async function packages(node: Node): Promise<readonly string[]> {
  const text = await node.must("dpkg-query", "-W", "-f", "${Package}\\n");
  return text.trim().split("\n");
}

export async function installs(t: Test, { node, built }: Story): Promise<void> {
  const before = await packages(node);
  const began = performance.now();
  await aptInstall(node, built);
  t.comment(`apt install took ${((performance.now() - began) / 1000).toFixed(1)} s`);
  const added = (await packages(node)).filter((name) => !before.includes(name));
  t.strictSame(added, ["pve-entra-agent"], "nothing comes along but Node, which is there");

  await t.test("it waits for its configuration, and says so", async (t) => {
    const told = await until("it says what to do", async () => {
      const text = await statusText(node);
      return text.includes("not configured") && text;
    });
    t.match(told, /config\.toml/, told);
    const { code, out } = await node.run("systemctl", "status", "--no-pager", UNIT);
    t.equal(code, 0, "systemctl status takes it for a service that runs");
    t.match(out, /Active: active \(running\)/);
    t.match(out, /not configured/);
    const { NRestarts, UnitFileState } = await show(node, "NRestarts", "UnitFileState");
    t.equal(UnitFileState, "enabled");
    t.equal(NRestarts, "0");
    t.equal((await entries(node, "-p", "err")).length, 0, "nothing in the journal is an error");
    t.equal(await listening(node), "", "no port is open");
  });

  await t.test("it has a user of its own, in no group but its own", async (t) => {
    const groups = await node.must("id", "-nG", "pve-entra-agent");
    t.equal(groups.trim(), "pve-entra-agent");
    const shell = await node.must("getent", "passwd", "pve-entra-agent");
    t.match(shell, /:\/usr\/sbin\/nologin\n$/);
    const state = await node.must("stat", "-c", "%a %U:%G", "/var/lib/pve-entra-agent");
    t.equal(state.trim(), "700 pve-entra-agent:pve-entra-agent");
  });
}

/** Listening TCP sockets of the whole node, one a line. */
export async function listening(node: Node): Promise<string> {
  return (
    await node.must("ss", "--tcp", "--udp", "--listening", "--numeric", "--no-header")
  ).trim();
}
