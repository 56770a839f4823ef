/** Configured and started: people, groups and rights in Proxmox VE, and a new client secret. */
import type { Test } from "tap";
import { configure, placeCredentials } from "./configuration.js";
import { listening } from "./install.js";
import type { Said } from "./program.js";
import { HEALTH_PORT, show, statusText, UNIT, untilState, untilStatus } from "./service.js";
import { PEOPLE, upnOf, useridOf } from "./story.js";
import type { Story } from "./story.js";
import { until } from "./until.js";

export async function syncs(t: Test, { node, outside }: Story): Promise<void> {
  await placeCredentials(node, outside.facts, "node");
  configure(node, outside.facts);
  const command = /systemctl (?:reload|restart|reload-or-restart) pve-entra-agent/;
  const [advice] = command.exec(await statusText(node)) ?? [];
  t.ok(advice, "the status names the command that comes next");
  await node.must("sh", "-c", advice ?? "false");
  await untilState(node, "ok");

  const { userCfg } = await outside.files();
  for (const person of [0, PEOPLE - 1]) {
    t.match(userCfg, new RegExp(`^user:${escaped(useridOf(person))}:1:`, "m"));
  }
  t.equal(membersOf(userCfg, "pve-operators").length, PEOPLE, "everybody is in their group");
  t.match(userCfg, /^acl:1:\/vms:@pve-operators:PVEVMUser:$/m);
  t.equal(await outside.signIn(upnOf(7)), true, "a person signs in");

  const { Result, NRestarts, ActiveState } = await show(node, "Result", "NRestarts", "ActiveState");
  t.strictSame(
    { Result, NRestarts, ActiveState },
    {
      Result: "success",
      NRestarts: "0",
      ActiveState: "active",
    },
  );
  t.ok(await untilStatus(node, /^ok: 1 realm; secret ends \d{4}-\d\d-\d\d; last good pass /));
  const ports = await listening(node);
  t.equal(ports.split("\n").length, 1, "one port is open");
  t.match(ports, new RegExp(` 127\\.0\\.0\\.1:${HEALTH_PORT} `), "on loopback alone");
}

/**
 * The secret had five days left, so that the first pass began to renew it. Left alone the new one
 * rests for ten minutes; an order ends that, and the proof takes its minute.
 */
export async function orderRotation({ node }: Story): Promise<Said> {
  await until("a rotation is under way", async () =>
    (await node.must("pve-entra-agent", "status")).includes("a rotation is under way"),
  );
  return node.run("pve-entra-agent", "rotate");
}

export async function rotated(
  t: Test,
  { node, outside }: Story,
  before: string,
  ordered: Said,
): Promise<void> {
  t.equal(ordered.code, 0, ordered.out + ordered.err);
  const after = clientKey((await outside.files()).domainsCfg);
  t.not(after, before, "Proxmox VE holds another client secret");
  t.ok((await outside.secretTexts()).includes(after), "and it is one that Entra gave");
  t.equal(await outside.signIn(upnOf(8)), true, "a person signs in with it");
  await until("the status says when the new one ends", async () => {
    const [, end = ""] = /secret ends (\S+);/.exec(await statusText(node)) ?? [];
    return Date.parse(end) > Date.now() + 150 * 86_400_000;
  });
  t.equal((await node.run("systemctl", "is-active", UNIT)).code, 0);
}

export function clientKey(domainsCfg: string): string {
  const [, key] = /^\s*client-key (\S+)$/m.exec(domainsCfg) ?? [];
  if (key === undefined) throw new Error("the realm has no client-key");
  return key;
}

export function membersOf(userCfg: string, group: string): readonly string[] {
  const [, members = ""] = new RegExp(`^group:${escaped(group)}:([^:]*):`, "m").exec(userCfg) ?? [];
  return members.split(",").filter((member) => member !== "");
}

export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
