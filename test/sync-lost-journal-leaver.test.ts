import t from "tap";
import { mapping, startSite } from "./support/site.js";

t.test("a leaver comes back although the journal was lost", async (t) => {
  const site = await startSite(t);
  const person = site.addUser("anna", { givenName: "Anna" });
  const others = ["bert", "cora"].map((name) => site.addUser(name));
  const group = site.group("Operators", [person, ...others]);
  const parts = { groups: mapping("ops", group) };
  const userid = "anna@contoso.example@entra";
  await site.pass(parts);
  site.entra.world.leave(group, person);
  await site.pass(parts);
  t.match(site.user(userid)?.comment, /left/);

  site.loseJournal();
  site.entra.world.join(group, person);
  site.entra.world.editUser(person, { givenName: "Anne" });
  // The list has her, her own side cannot be read: nothing is given.
  site.entra.faults.add({
    path: "/checkMemberGroups",
    times: 9,
    do: { kind: "status", status: 500 },
  });
  await site.pass(parts);
  t.equal(site.user(userid)?.enable, false);

  site.entra.faults.clear();
  const report = await site.pass(parts);
  t.strictSame(report.realms.get("entra")?.ok, true);
  t.equal(site.user(userid)?.enable, true);
  t.strictSame(site.user(userid)?.groups, ["ops"]);
  t.equal(site.user(userid)?.firstname, "Anne");
});
