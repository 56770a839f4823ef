import t from "tap";
import { openDatagrams } from "../src/systemd/datagram.js";
import { openService, Service } from "../src/systemd/index.js";
import { createNotifier, notifySocket, silentNotifier } from "../src/systemd/notify.js";
import { listen } from "./support/datagrams.js";
import { until } from "./support/daemon-bed.js";

t.test("systemd hears readiness, reloads, life and the state", async (t) => {
  const systemd = listen(t);
  const notifier = createNotifier(systemd.path, await openDatagrams(), () => 1_234_567n);
  notifier.status("starting");
  notifier.ready();
  notifier.watchdog();
  notifier.reloading();
  notifier.ready();
  notifier.stopping();
  await until("all has arrived", () => systemd.received.length === 6);
  t.strictSame(systemd.texts(), [
    "STATUS=starting",
    "READY=1",
    "WATCHDOG=1",
    "RELOADING=1\nMONOTONIC_USEC=1234567",
    "READY=1",
    "STOPPING=1",
  ]);
});

t.test("the time of a reload is CLOCK_MONOTONIC's", async (t) => {
  const systemd = listen(t);
  const before = process.hrtime.bigint() / 1000n;
  createNotifier(systemd.path, await openDatagrams()).reloading();
  const after = process.hrtime.bigint() / 1000n;
  await until("it has arrived", () => systemd.received.length === 1);
  const told = BigInt(/MONOTONIC_USEC=(\d+)$/.exec(systemd.texts()[0] ?? "")?.[1] ?? "0");
  t.ok(before <= told && told <= after);
});

t.test("what others wrote forges no field, and a secret stays out of the status", async (t) => {
  const systemd = listen(t);
  const notifier = createNotifier(systemd.path, await openDatagrams());
  notifier.status("failing: mallory\nREADY=1\nMAINPID=1; client_secret=hunter2hunter2");
  notifier.status("x".repeat(100_000));
  await until("both have arrived", () => systemd.received.length === 2);
  const [first = "", second = ""] = systemd.texts();
  t.equal(first.split("\n").length, 1);
  t.match(first, /^STATUS=failing: mallory\\u000aREADY=1/);
  t.notMatch(first, /hunter2/);
  t.ok(second.length < 500);
});

t.test("the same status is told once, and again when it was lost", async (t) => {
  const sent: string[] = [];
  let deaf = true;
  const notifier = createNotifier("/s", (_path, bytes) => {
    sent.push(bytes.toString());
    return deaf ? "refused" : "sent";
  });
  notifier.status("ok");
  deaf = false;
  notifier.status("ok");
  notifier.status("ok");
  t.strictSame(sent, ["STATUS=ok", "STATUS=ok"]);
});

t.test("a socket that is gone, or has no place, harms nobody", async (t) => {
  const send = await openDatagrams();
  t.equal(send("/nowhere/at/all", Buffer.from("x")), "refused");
  t.equal(send(`/${"x".repeat(200)}`, Buffer.from("x")), "refused");
  const systemd = listen(t);
  t.equal(send(systemd.path, Buffer.alloc(64 * 1024 * 1024)), "large");
  t.equal(send(systemd.path, Buffer.from("x")), "sent");
});

t.test("nobody is spoken to who did not ask", async (t) => {
  t.equal(notifySocket({}), undefined);
  t.equal(notifySocket({ NOTIFY_SOCKET: "" }), undefined);
  t.equal(notifySocket({ NOTIFY_SOCKET: "@abstract" }), undefined);
  t.equal(notifySocket({ NOTIFY_SOCKET: "/run/systemd/notify" }), "/run/systemd/notify");
  const service = await openService({});
  service.begin();
  service.ready();
  service.end();
});

t.test("the watchdog is fed in time, and not for another process", async (t) => {
  const systemd = listen(t);
  const env = { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: "30000" };
  const beats = (): number => systemd.texts().filter((text) => text === "WATCHDOG=1").length;
  const other = await openService({ ...env, WATCHDOG_PID: "1" });
  other.begin();
  other.status("other");
  await until("the status has arrived", () => systemd.received.length === 1);
  t.equal(beats(), 0);
  other.end();
  const service = await openService({ ...env, WATCHDOG_PID: String(process.pid) });
  t.teardown(() => service.end());
  service.begin();
  await until("it is fed", () => beats() >= 3);
});

t.test("readiness that systemd had no room for is said again", async (t) => {
  let asked = 0;
  const notifier = { ...silentNotifier, ready: () => (asked += 1) > 2 };
  const service = new Service({ notifier, watchdogMs: 6 });
  t.teardown(() => service.end());
  service.begin();
  service.ready();
  await until("it was taken", () => asked === 3);
  await service.reload(async () => undefined);
  t.equal(asked, 4);
});

t.test("a schedule that stands still starves the watchdog, and is told once", async (t) => {
  const systemd = listen(t);
  const notifier = createNotifier(systemd.path, await openDatagrams());
  const service = new Service({ notifier, watchdogMs: 6, bounds: { lateMs: 0 } });
  t.teardown(() => service.end());
  const told: string[] = [];
  let asked = 0;
  service.begin({
    now: () => (asked += 1),
    nextDue: () => 0,
    onStandstill: (why) => void told.push(why),
  });
  await until("it was asked again and again", () => asked >= 20);
  t.equal(told.length, 1);
  t.match(told[0], /the schedule stands still/);
  const beats = systemd.texts().filter((text) => text === "WATCHDOG=1").length;
  t.ok(beats <= 2, "only before it was late");
});
