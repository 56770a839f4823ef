/** The emulators by hand: a configuration that works, and an end without traces. */
import t from "tap";
import { start } from "./demo-process.js";

t.setTimeout(300_000);

t.test("npm run emulators: the agent works with what it prints", async (t) => {
  const emulators = start(t, "test/emulators/main.ts");
  const [, config = ""] = await emulators.says(/configuration {2}(\S+)\n/);
  await emulators.says(/one clock for both/);
  const plan = start(t, "src/main.ts", "plan", "--config", config);
  t.equal(await plan.ended, 2, "changes wait");
  t.match(plan.text(), /join pve-operators: bruno\.costa@contoso\.example@entra/);
  t.match(plan.text(), /new secret for entra/);

  const orders = [...emulators.text().matchAll(/^ {2}curl .*-d '(.*)' (http:\S+)/gm)];
  t.equal(orders.length, 6, "the examples of orders");
  for (const [, body = "", url = ""] of orders) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body });
    t.equal(answer.status, 200, `${url} ${body}: ${await answer.text()}`);
  }
  for (const [, url = ""] of emulators.text().matchAll(/^ {2}curl -s (http:\S+)/gm)) {
    t.equal((await fetch(url)).status, 200, url);
  }

  emulators.child.kill("SIGINT");
  t.equal(await emulators.ended, 0);
  t.same(emulators.left(), [], "nothing is left behind");
});
