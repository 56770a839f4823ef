/** What random worlds found, told again in few words: each of these failed first. */
import t from "tap";
import type { Test } from "tap";
import { PlainSite, plainMapping, plainPerson, plainRealm } from "./random-world/plain.js";
import type { PlainLife } from "./random-world/plain.js";

function siteFor(t: Test, life: PlainLife): PlainSite {
  const site = new PlainSite(life);
  t.teardown(() => site.close());
  return site;
}

t.test("a name given to another takes nothing from them that was the predecessor's", async (t) => {
  const site = siteFor(t, {
    // The one whom the mark names is called otherwise now, and in no mapping.
    people: [plainPerson(0, [0]), plainPerson(1, [])],
    groups: ["[entra:entra]"],
    realms: [plainRealm([plainMapping([0])])],
    // An administrator disabled the account: nothing is left to disable.
    users: [{ person: 0, realm: 0, enable: false, groups: [0], text: 0, mark: 1, flags: 0 }],
  });
  await site.pass();
  t.ok(site.members("ops").includes("anna@x.example@entra"), "the successor is in the group");
  const { look } = await site.pass();
  t.strictSame(look.plan.actions, [], "and nothing is left to do");
});
