/** The daemon behind its health door: at work while the door is crowded, and silent about people. */
import { connect } from "node:net";
import { once } from "node:events";
import t from "tap";
import { request } from "undici";
import { byHand, startOn, until } from "./support/daemon-bed.js";
import { mapping, startSite } from "./support/site.js";
import type { Site } from "./support/site.js";

t.setTimeout(120_000);

const get = async (url: string): Promise<{ status: number; text: string }> => {
  const { statusCode, body } = await request(url, { reset: true });
  return { status: statusCode, text: await body.text() };
};

t.test(
  "no answer names a person, whatever people are called and whatever goes wrong",
  async (t) => {
    const site = await startSite(t);
    site.journal.close();
    const names = [
      "Xaver Zebra",
      'Quagga"} 1\nforged_metric{x="1',
      "Okapi\u202e\u001b[31m",
      "__proto__",
    ];
    const people = names.map((displayName, n) =>
      site.addUser(`zebra${n}`, { displayName, givenName: displayName, surname: "Quokka" }),
    );
    const guest = site.entra.world.addGuest({ mail: "zebra9@home.example" }).id;
    const strange = site.addUser("zebra;8");
    const all = [...people, guest, strange];
    const ops = site.group("Zebras and Quokkas", all);
    site.configure({ groups: mapping("ops", ops) });
    const schedule = byHand();
    const daemon = await startOn(site, schedule);
    t.teardown(() => daemon.stop());
    const told: string[] = [];
    const look = async (): Promise<void> => {
      for (const path of ["/health", "/ready", "/metrics", "/zebra0"]) {
        told.push((await get(`${daemon.healthUrl}${path}`)).text);
      }
    };
    await until("the first pass", () => site.user("zebra0@contoso.example@entra") !== undefined);
    await schedule.tick();
    await look();
    // Everybody leaves: held. One is refused by PVE, then Entra and PVE fail with names in their words.
    for (const id of people) site.entra.world.leave(ops, id);
    await schedule.tick();
    await look();
    const words = { message: "zebra0@contoso.example: no Quokka" };
    for (const faults of [site.pve.faults, site.entra.faults]) {
      faults.add({
        times: 200,
        do: { kind: "status", status: 400, reason: "zebra0", body: words },
      });
      await schedule.tick();
      await look();
      faults.clear();
    }
    const text = told.join("\n");
    t.match(text, /held_changes\{realm="entra"\} [1-9]/, "the world was as bad as it should be");
    t.match(text, /skipped_people\{realm="entra"\} 2/);
    t.match(text, /"state":"failing"/);
    t.notMatch(
      text,
      /zebra|quagga|okapi|quokka|__proto__|contoso|home\.example|forged|\u202e|\u001b/i,
    );
    for (const id of all) t.notMatch(text, id, "nor by object id");
    t.strictSame(leaksOf(site, text), []);
  },
);

/** Who asks for health may not learn where Entra and PVE are, nor by which apps. */
function leaksOf(site: Site, text: string): readonly string[] {
  const inside = [
    site.dir,
    site.pve.url,
    site.entra.authorityUrl,
    site.sso.appId,
    site.agentApp.appId,
  ];
  return inside.filter((one) => text.includes(one));
}

t.test("a pass goes on while 300 idle clients hold the door and others ask on end", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const people = Array.from({ length: 30 }, (_, n) => site.addUser(`person${n}`));
  site.configure({ groups: mapping("ops", site.group("Operators", people)) });
  const schedule = byHand();
  const daemon = await startOn(site, schedule);
  t.teardown(() => daemon.stop());
  const port = Number(new URL(daemon.healthUrl).port);
  const idle = Array.from({ length: 300 }, () => connect(port, "127.0.0.1"));
  for (const socket of idle) socket.on("error", () => undefined).write("GET /met");
  t.teardown(() => idle.forEach((socket) => void socket.destroy()));
  let asking = true;
  const answers: number[] = [];
  const flood = (async () => {
    while (asking) answers.push((await get(`${daemon.healthUrl}/metrics`)).status);
  })();
  await schedule.tick();
  asking = false;
  await flood;
  t.equal(people.length, 30);
  for (let n = 0; n < 30; n++)
    t.ok(site.user(`person${n}@contoso.example@entra`), `person${n} is there`);
  t.ok(answers.includes(200), `answered meanwhile: ${answers.length}`);
  t.ok(answers.every((status) => status === 200 || status === 429));
  const stopped = Promise.all(
    idle.filter(({ closed }) => !closed).map((socket) => once(socket.resume(), "close")),
  );
  await daemon.stop();
  await stopped;
});
