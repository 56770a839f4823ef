/** What the demo tells with: a clock that leaps, and a teller that cannot be talked round. */
import t from "tap";
import { StoryClock } from "./demo/clock.js";
import { Teller } from "./demo/terminal.js";

const HOUR = 3_600_000;

t.test("the clock wakes those whom a leap reaches, and nobody else", async (t) => {
  const clock = new StoryClock(1_000_000, 0);
  t.teardown(() => clock.stop());
  const woken: string[] = [];
  const give = new AbortController();
  void clock.sleep(HOUR).then(() => woken.push("an hour"));
  void clock.sleep(3 * HOUR).then(() => woken.push("three hours"));
  const given = clock.sleep(HOUR, give.signal);
  give.abort(new Error("given up"));
  await t.rejects(given, { message: "given up" });
  await t.rejects(clock.sleep(1, give.signal), { message: "given up" });
  clock.advance(2 * HOUR);
  await clock.sleep(0, AbortSignal.abort()).catch(() => undefined);
  t.same(woken, ["an hour"]);
  t.equal(clock.now(), 1_000_000 + 2 * HOUR);
  t.equal(clock.monotonic(), 2 * HOUR);

  clock.set(500_000);
  t.equal(clock.now(), 500_000, "the wall clock may be set back");
  t.equal(clock.monotonic(), 2 * HOUR, "the other never goes back");
});

t.test("the clock runs by itself, at its rate", async (t) => {
  const clock = new StoryClock(0, 1000);
  t.teardown(() => clock.stop());
  await clock.sleep(60_000);
  t.ok(clock.now() >= 60_000);
});

function teller(scenes: number): { tell: Teller; text: () => string } {
  let text = "";
  const tell = new Teller({ write: (more) => void (text += more), colours: false }, scenes);
  return { tell, text: () => text };
}

t.test("the story is true only when every scene was told and every check held", (t) => {
  const good = teller(1);
  good.tell.scene("one", 0);
  t.equal(good.tell.check(true, "so"), true);
  t.equal(good.tell.summary(), true);
  t.match(good.text(), /✓ {2}1 {2}one \(1 checks\)/);

  const failed = teller(1);
  failed.tell.scene("one", 0);
  failed.tell.check(true, "so");
  failed.tell.check(false, "not so", "because");
  t.equal(failed.tell.summary(), false);
  t.match(failed.text(), /✗ not so: because\n[^]*✗ {2}1 {2}one \(1 of 2 checks failed\)/);

  const untold = teller(2);
  untold.tell.scene("one", 0);
  untold.tell.check(true, "so");
  t.equal(untold.tell.summary(), false);
  t.match(untold.text(), /✗ 1 more were not reached/);

  const empty = teller(1);
  empty.tell.scene("one", 0);
  t.equal(empty.tell.summary(), false, "a scene without a check proves nothing");
  t.end();
});

t.test("what a command printed is shown from both ends", (t) => {
  const { tell, text } = teller(1);
  const printed = Array.from({ length: 30 }, (_, n) => `line ${n}`).join("\n");
  tell.command("pve-entra-agent plan", `${printed}\n${"x".repeat(200)}\n`, 2, 9);
  t.match(text(), /\$ pve-entra-agent plan\n {2}│ line 0\n/);
  t.match(text(), /… 22 more lines …/);
  t.match(text(), /│ x{149}…\n {2}└ exit 2\n/);
  t.end();
});
