/** Single plans of random worlds: their order with each write refused in turn, and the guard. */
import t from "tap";
import { sayCases } from "./random-world/cases.js";
import { guards, orders, stricter } from "./random-world/suites.js";

t.setTimeout(900_000);

t.test("random orders", async (t) => {
  const { plans, writes } = await orders(t, 100);
  t.ok(writes > plans && plans > 50, `${writes} writes in ${plans} plans`);
});

t.test("random limits of the guard", async (t) => {
  await stricter(t, 150);
  await guards(t, 1_000);
  sayCases();
});
