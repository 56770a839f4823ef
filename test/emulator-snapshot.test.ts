/** A tenant goes back to an earlier moment as if nothing had happened since; requests can be interrupted. */
import t from "tap";
import { fixedClock } from "./emulators/common/clock.js";
import { connect } from "./emulators/entra/client.js";
import { startEntra } from "./emulators/entra/index.js";
import { startPve } from "./emulators/pve/index.js";

const clock = fixedClock(Date.parse("2026-11-22T10:00:00Z"));

t.test("what came after a snapshot never was, and the same comes again", async (t) => {
  const entra = await startEntra({ clock, lag: { min: 10, max: 20 } });
  t.teardown(() => entra.close());
  const { world } = entra;
  const group = world.addGroup({ displayName: "Operators" }).id;
  const anna = world.addUser({ upn: "anna@contoso.example" }).id;
  const before = entra.snapshot();
  const now = clock.now();

  const live = (): unknown => {
    const bert = world.addUser({ upn: "bert@contoso.example" }).id;
    world.join(group, anna, bert);
    world.setLag(1, 2);
    world.conflictNext();
    clock.advance(15_000);
    const { directory } = world;
    return [bert, world.members(group), [...directory.view().held("member", group).keys()]];
  };
  const first = live();
  entra.restore(before);
  clock.set(now);
  t.strictSame(world.members(group), []);
  t.throws(() => world.user("bert@contoso.example"));
  t.strictSame(world.directory.lag, { min: 10, max: 20 });
  t.equal(world.directory.log.length, before.directory.changes);
  t.strictSame(live(), first, "ids, delays and the choice of replica are the same");

  entra.restore(before);
  t.strictSame(world.members(group), [], "a snapshot is good for more than once");
});

t.test("a replica that forgets has learnt, one that is late has not", async (t) => {
  const entra = await startEntra({ clock });
  t.teardown(() => entra.close());
  const { world } = entra;
  const app = world.settled(() => world.addApp({ displayName: "sso" }));
  world.slowNext({ each: [0, 0, 0, 0, 30] });
  const { keyId } = world.addSecret(app.id);
  const learnt = (): boolean => world.directory.learnt("secret", app.id, keyId);
  t.equal(learnt(), false);
  clock.advance(31_000);
  t.equal(learnt(), true);
  world.flickerSecret(app.id, keyId, { after: 0, seconds: 60 });
  clock.advance(1_000);
  t.equal(world.directory.agreed("secret", app.id, keyId), false);
  t.equal(learnt(), true);
});

t.test(
  "an interrupted request is never answered, and its effect is the interrupter's to choose",
  async (t) => {
    const entra = await startEntra({ clock, lag: { min: 0, max: 0 } });
    const pve = await startPve({ clock });
    const client = connect(entra);
    t.teardown(() => Promise.all([client.close(), entra.close(), pve.close()]));
    const app = entra.world.addApp({
      displayName: "agent",
      roles: ["Application.ReadWrite.OwnedBy"],
      owners: ["self"],
    });
    const graph = await client.signIn(app, entra.world.addSecret(app.id));
    const add = (): Promise<unknown> => graph.post(`/applications/${app.id}/addPassword`, {});
    for (const when of ["arrived", "done"] as const) {
      const secrets = entra.world.secretsOf(app.id).length;
      let heard = "";
      const interrupted = new Promise<void>((resolve) => {
        const stop = entra.interrupters.add({
          [when]: ({ method, path }: { method: string; path: string }) => {
            heard = `${method} ${path}`;
            stop();
            resolve();
            return true;
          },
        });
      });
      let answered = false;
      add().then(
        () => (answered = true),
        () => undefined,
      );
      await interrupted;
      await new Promise((resolve) => setTimeout(resolve, 50));
      t.equal(heard, `POST /v1.0/applications/${app.id}/addPassword`);
      t.equal(answered, false, when);
      t.equal(entra.world.secretsOf(app.id).length, secrets + (when === "done" ? 1 : 0));
    }
    const told: string[] = [];
    pve.interrupters.add({ arrived: ({ path }) => (told.push(path), false) });
    await client.ask(`${pve.url}/api2/json/version`).catch(() => undefined);
  },
);
