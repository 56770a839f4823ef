/** A rotation that one pass sets going and an order then waits for is told once. */
import { request } from "undici";
import t from "tap";
import { heldBack, startLogged, until } from "./support/daemon-bed.js";
import { mapping, startSite } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

t.setTimeout(120_000);

const DAY = 86_400_000;

t.test("who waits for a rotation under way does not make two of it", async (t) => {
  const site = await startSite(t, { secretDays: 5 });
  site.journal.close();
  site.configure({ groups: mapping("ops", site.group("Operators", [site.addUser("anna")])) });
  // A third of its five days is left, and less: the first pass begins to renew it.
  site.clock.advance(4 * DAY);
  const { fault, release } = heldBack(t);
  site.entra.faults.add({ path: "addPassword", do: fault });
  const { daemon, schedule, lines } = await startLogged(t, site);
  await until("a secret is being made", () => site.entra.log.count({ path: "addPassword" }) > 0);

  const ordered = terminalOf(site)(["rotate"]);
  // The order's own pass has ended, and the next one after it.
  await schedule.tick();
  await schedule.tick();
  release();
  const { exit, out, err } = await ordered;
  t.equal(exit, 0, out + err);
  t.match(out, /the client secret of entra is new/);
  const renewed = (): number => lines.filter(({ event }) => event === "SECRET_RENEWED").length;
  await until("the log says so", () => renewed() > 0);
  await schedule.tick();
  t.equal(renewed(), 1, "one renewal, one line");
  t.equal(site.entra.world.secretsOf(site.sso.id).length, 2, "and one new secret");
  const metrics = await (await request(`${daemon.healthUrl}/metrics`)).body.text();
  t.match(metrics, /rotation_last_success_timestamp_seconds\{realm="entra"\} 1/);
});
