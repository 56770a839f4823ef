/** P11: before and after of every change are those of its own moment, not of the pass's beginning. */
import t from "tap";
import { mapping, startSite } from "./support/site.js";

t.setTimeout(120_000);

type Entry = { kind: string; before: unknown; after: unknown };

t.test("a name used again: the new user was not there before", async (t) => {
  const site = await startSite(t);
  const anna = site.addUser("anna");
  const group = site.group("Operators", [anna, site.addUser("bert")]);
  const parts = { groups: mapping("ops", group) };
  await site.pass(parts);
  site.clock.advance(86_400_001);
  const { id } = site.entra.world.newPersonUnderOldName(anna, { mail: null });
  site.entra.world.join(group, id);
  const report = await site.pass(parts);
  t.ok(report.done.length > 0);
  const entries = site.journal
    .entries({ limit: 100, userid: "anna@contoso.example@entra" })
    .filter((entry) => entry.type === "change" && entry.at > site.clock.now() - 3_600_000);
  const of = (kind: string): Entry | undefined =>
    entries.find((entry) => entry.type === "change" && entry.kind === kind) as Entry | undefined;
  t.match(of("disable-user")?.before, { enable: true });
  t.match(of("delete-user")?.before, { enable: false }, "it was disabled by then");
  t.equal(of("create-user")?.before, null);
});
