/** A realm that is only rotated: nobody of Entra's is asked about people, and the pass is good. */
import t from "tap";
import { startSite } from "./support/site.js";

t.test("a realm without mappings passes, from the first time on", async (t) => {
  const site = await startSite(t);
  const report = await site.pass();
  t.strictSame(
    report.findings.map(({ code }) => code),
    [],
  );
  t.equal(report.realms.get("entra")?.ok, true);
  t.equal(report.plan.actions.length, 0);
});
