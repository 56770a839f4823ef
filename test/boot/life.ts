/** What a service lives through: reloads, restarts, a kill, a standstill. */
import type { Test } from "tap";
import { configText, CONFIG_FILE, configure, placeCredentials } from "./configuration.js";
import { membersOf } from "./first-sync.js";
import {
  dropIn,
  journal,
  mainPid,
  show,
  status,
  UNIT,
  untilRestarted,
  untilState,
  untilStatus,
} from "./service.js";
import { useridOf } from "./story.js";
import type { Story } from "./story.js";
import { until } from "./until.js";

export async function reloads(t: Test, { node, outside }: Story): Promise<void> {
  const pid = await mainPid(node);
  const parts = { sections: "[guard]\nmax_removals = 9" };
  configure(node, outside.facts, parts);
  await node.must("systemctl", "reload", UNIT);
  t.equal(await mainPid(node), pid, "the same process goes on");
  await untilState(node, "ok");

  node.write(CONFIG_FILE, `${configText(outside.facts)}\nunknown_key = true\n`);
  await node.run("systemctl", "reload", UNIT);
  const degraded = await untilState(node, "degraded");
  t.match(degraded.reasons.join(), /config/i, degraded.reasons.join());
  t.equal(await mainPid(node), pid, "a bad configuration stops nothing");
  t.ok(await untilStatus(node, /^degraded: /));
  const said = await node.run("pve-entra-agent", "status");
  t.match(said, { code: 78, out: /degraded/, err: /unknown_key/ }, "status says both");

  configure(node, outside.facts);
  await node.must("systemctl", "reload", UNIT);
  await untilState(node, "ok");
}

/** A bad configuration at the start is no reason to try again and again. */
export async function refuses(t: Test, { node, outside }: Story): Promise<void> {
  node.write(CONFIG_FILE, `${configText(outside.facts)}\nunknown_key = true\n`);
  t.not((await node.run("systemctl", "restart", UNIT)).code, 0, "the start fails, and says so");
  const ended = await show(node, "ActiveState", "ExecMainStatus", "NRestarts");
  t.strictSame(ended, { ActiveState: "failed", ExecMainStatus: "78", NRestarts: "0" });
  const { out } = await status(node);
  t.match(out, /unknown_key/, "systemctl status names the mistake");
  configure(node, outside.facts);
  await node.must("systemctl", "restart", UNIT);
  await untilState(node, "ok");
}

/** /etc/pve is mounted late: until then each start fails, and the one after that goes on. */
export async function waitsForEtcPve(t: Test, { node }: Story): Promise<void> {
  await node.must("mv", "/etc/pve", "/etc/pve.late");
  await node.must("mkdir", "/etc/pve");
  t.not((await node.run("systemctl", "restart", UNIT)).code, 0, "the start fails, and says so");
  const failed = await until("systemd waits to try again", async () => {
    const now = await show(node, "SubState", "ExecMainStatus");
    return now.SubState === "auto-restart" ? now : undefined;
  });
  t.equal(failed.ExecMainStatus, "1");
  // The next start may be under way by now, and has not failed yet.
  const out = await until("systemctl status names the cause", async () => {
    const said = await status(node);
    return said.out.includes("ETC_PVE_ABSENT") && said.out;
  });
  t.match(out, /systemctl status pve-cluster/, "and where to look");
  await node.must("rmdir", "/etc/pve");
  await node.must("mv", "/etc/pve.late", "/etc/pve");
  await untilState(node, "ok");
  const { NRestarts } = await show(node, "NRestarts");
  t.ok(Number(NRestarts) >= 1, "it starts by itself");
}

/** One copy of the credentials serves every node of the cluster: it goes before the node's own. */
export async function moves(t: Test, { node, outside }: Story): Promise<void> {
  await placeCredentials(node, outside.facts, "cluster");
  await node.must("rm", "-r", "/etc/pve-entra-agent/credentials");
  await node.must("systemctl", "restart", UNIT);
  await untilState(node, "ok");
  t.pass("the credentials of the cluster are enough");
  await node.must("pve-entra-agent", "plan");
  t.pass("root's own commands find them, too");
}

/** The service is stopped: what root orders is done all the same, and by the service's user. */
export async function doesWithout(t: Test, { node, outside }: Story): Promise<void> {
  await node.must("systemctl", "stop", UNIT);
  const member = { group: "PVE Operators", member: upn(3) };
  const isIn = async (): Promise<boolean> => {
    const { userCfg } = await outside.files();
    return membersOf(userCfg, "pve-operators").includes(useridOf(3));
  };
  await outside.entra({ do: "leave", ...member });
  // From a folder that the service's user may not enter.
  t.match(await node.must("sh", "-c", "cd /root && exec pve-entra-agent sync"), /^done: [1-9]/m);
  t.notOk(await isIn(), "whoever left is out");
  await outside.entra({ do: "join", ...member });
  await node.must("pve-entra-agent", "sync");
  t.ok(await isIn(), "whoever came back is in");
  const refused = await node.run("pve-entra-agent", "sync", "--approve", "0".repeat(64));
  t.match(refused, { code: 1, out: /APPROVAL_UNKNOWN/ }, "root is root there, too");
  const foreign = ["find", "/var/lib/pve-entra-agent", "!", "-user", "pve-entra-agent"];
  t.equal(await node.must(...foreign), "", "nothing in its folder is another's");
  const left = await node.must("find", "/run", "-maxdepth", "1", "-name", "pve-entra-agent*");
  t.equal(left, "", "no credential is left behind");
  await node.must("systemctl", "start", UNIT);
  await untilState(node, "ok");
}

export async function killed(t: Test, { node, outside }: Story): Promise<void> {
  const pid = await mainPid(node);
  await outside.entra({ do: "leave", group: "PVE Operators", member: upn(1) });
  // In the middle of the pass that takes the right away. A command that found no daemon would make
  // that pass itself, and the next start would find the node locked.
  const put = { method: "PUT", path: "/access/users/", do: { kind: "stall" } };
  await outside.fault("pve", put);
  const ordered = node.run("pve-entra-agent", "sync");
  await until("the write is under way", async () => (await outside.faultsLeft("pve")) === 0);
  await node.must("systemctl", "kill", "--signal=KILL", UNIT);
  t.equal((await ordered).code, 1, "whoever gave the order hears that it broke off");
  await untilRestarted(node, pid);
  await until("whoever left is out", async () => {
    const { userCfg } = await outside.files();
    return !membersOf(userCfg, "pve-operators").includes(useridOf(1));
  });
  await untilState(node, "ok");
  const { NRestarts } = await show(node, "NRestarts");
  t.equal(NRestarts, "1", "systemd started it again, once");
}

export async function stuck(t: Test, { node }: Story): Promise<void> {
  await dropIn(node, "watchdog", "[Service]\nWatchdogSec=6s\nTimeoutAbortSec=2s");
  await node.must("systemctl", "restart", UNIT);
  await untilState(node, "ok");
  const pid = await mainPid(node);
  await node.must("kill", "-STOP", String(pid));
  await untilRestarted(node, pid);
  await untilState(node, "ok");
  const log = await journal(node, "-u", UNIT, "-o", "cat");
  t.match(log, /Watchdog timeout/, "systemd missed the sign of life");
  await dropIn(node, "watchdog");
  await node.must("systemctl", "restart", UNIT);
  await untilState(node, "ok");
}

function upn(person: number): string {
  return useridOf(person).replace(/@entra$/, "");
}
