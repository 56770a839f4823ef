/** Random names: one person a userid, and PVE makes just the user that was meant. */
import t from "tap";
import { sayCases } from "./random-world/cases.js";
import { userids } from "./random-world/suites.js";

t.setTimeout(900_000);

t.test("random names", async (t) => {
  await userids(t, 600);
  sayCases();
});
