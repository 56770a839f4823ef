import t from "tap";
import { BOUNDS, Pulse } from "../src/systemd/pulse.js";

const MINUTE = 60_000;

function bed(interval: number | undefined): {
  pulse: Pulse;
  pass: (ms: number) => void;
  set: (ms: number) => void;
} {
  let monotonic = 0;
  let wall = Date.UTC(2026, 10, 22);
  const nextDue = (): number | undefined =>
    interval === undefined ? undefined : (Math.floor(wall / interval) + 1) * interval;
  const pulse = new Pulse({ monotonic: () => monotonic, now: () => wall, nextDue });
  return {
    pulse,
    // Asked every half a minute, as the watchdog does.
    pass: (ms) => {
      for (let left = ms; left > 0; left -= 30_000) {
        monotonic += 30_000;
        wall += 30_000;
        if (left > 30_000) pulse.standstill();
      }
    },
    set: (ms) => (wall += ms),
  };
}

t.test("passes that come and go are a living daemon", async (t) => {
  const { pulse, pass } = bed(5 * MINUTE);
  for (let round = 0; round < 500; round += 1) {
    pass(5 * MINUTE);
    const ended = pulse.pass();
    pass(MINUTE);
    t.equal(pulse.standstill(), undefined);
    ended();
  }
});

t.test("a pass in which no request ends is a dead one", async (t) => {
  const { pulse, pass } = bed(5 * MINUTE);
  pulse.pass();
  pass(BOUNDS.quietMs);
  t.equal(pulse.standstill(), undefined);
  pass(MINUTE);
  t.match(pulse.standstill(), /no request has ended for 11 minutes/);
  pulse.stir();
  t.equal(pulse.standstill(), undefined, "it went on after all");
});

t.test("a long pass that is busy lives, but not for ever", async (t) => {
  const { pulse, pass } = bed(5 * MINUTE);
  const ended = pulse.pass();
  for (let hours = 0; hours < 4; hours += 1) {
    for (let minute = 0; minute < 60; minute += 5) {
      pass(5 * MINUTE);
      pulse.stir();
    }
    t.equal(pulse.standstill(), undefined);
  }
  pass(5 * MINUTE);
  pulse.stir();
  t.match(pulse.standstill(), /it began 245 minutes ago/);
  ended();
  t.equal(pulse.standstill(), undefined);
});

t.test("a schedule that no longer ticks is a dead one", async (t) => {
  const { pulse, pass } = bed(5 * MINUTE);
  pulse.standstill();
  pass(5 * MINUTE + BOUNDS.lateMs);
  t.equal(pulse.standstill(), undefined);
  pass(MINUTE);
  t.match(pulse.standstill(), /a pass was due/);
  pulse.rescheduled();
  t.equal(pulse.standstill(), undefined, "another schedule begins anew");
});

t.test("a rare schedule is no standing still", async (t) => {
  const { pulse, pass } = bed(24 * 60 * MINUTE);
  pass(23 * 60 * MINUTE);
  t.equal(pulse.standstill(), undefined);
});

t.test("a clock that is set, forwards or back, kills nobody at once", async (t) => {
  const { pulse, pass, set } = bed(5 * MINUTE);
  pulse.standstill();
  set(48 * 60 * MINUTE);
  t.equal(pulse.standstill(), undefined);
  pass(MINUTE);
  const ended = pulse.pass();
  ended();
  t.equal(pulse.standstill(), undefined);
  set(-48 * 60 * MINUTE);
  pass(60 * MINUTE);
  t.equal(pulse.standstill(), undefined);
});

t.test("ticks by hand are never late", async (t) => {
  const { pulse, pass } = bed(undefined);
  pass(48 * 60 * MINUTE);
  t.equal(pulse.standstill(), undefined);
});
