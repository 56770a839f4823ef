/** P4 where a list has more than one page. */
import t from "tap";
import { mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const PAGE = 999;
/** How many people are on the second page. */
const REST = 3;

t.test("a second page that fails, is lost or comes again", async (t) => {
  const parts = (): { groups: string; realm: string } => ({
    groups: mapping("ops", ops),
    realm: "names = false",
  });
  const bed = await startBed(t, parts);
  const { entra, pve } = bed.site;
  const people = Array.from({ length: PAGE + REST }, (_, at) => bed.person(`p${at}`));
  const ops = bed.site.group("Operators", people);
  pve.world.createGroup("ops", "[entra:entra]");
  const lines = people.map((id, at) => `user:${bed.userid(`p${at}`)}:1:0::::[entra%3a${id}]::\n`);
  const userCfg = pve.userCfg().replace(/^group:ops:.*$/m, "");
  const inGroup = people.map((_, at) => bed.userid(`p${at}`)).join(",");
  pve.load({
    userCfg: `${lines.join("")}${userCfg}\ngroup:ops:${inGroup}:[entra%3aentra]:\n`,
  });
  const listing = `/groups/${ops}/transitiveMembers`;
  await bed.settled(t);
  entra.log.clear();
  await bed.settled(t);
  t.equal(entra.log.count({ path: listing }), 2, "one request for 999 members");
  t.equal(entra.log.count({ path: "$batch" }), 1, "visibility, and nobody asked for themselves");

  entra.faults.add({ path: `${listing}.*skiptoken`, do: { kind: "status", status: 400 } });
  await bed.pass(t, "the second page fails", { writes: [], codes: ["ENTRA_REFUSED"] });

  entra.faults.add({ path: `${listing}.*skiptoken`, do: { kind: "body", replace: "nulls" } });
  await bed.pass(t, "nulls on it", { writes: [], codes: ["ENTRA_PROPERTIES_NULL"] });

  entra.world.expirePages(1);
  await bed.pass(t, "its token ends once", { writes: [] });

  entra.log.clear();
  entra.faults.add({ path: listing, do: { kind: "body", replace: "page-lost" } });
  await bed.pass(t, "it is lost", {
    writes: [],
    codes: Array.from({ length: REST }, () => "SYNC_DISAGREES"),
  });
  t.equal(entra.log.count({ path: "$batch" }), 2, "visibility, and one batch for three people");

  entra.log.clear();
  entra.faults.add({
    path: listing,
    times: Infinity,
    do: { kind: "body", replace: "page-repeats" },
  });
  await bed.pass(t, "the same page again and again", { writes: [], codes: ["ENTRA_BAD_ANSWER"] });
  t.ok(entra.log.count({ path: listing }) < 10, "and it is not read for ever");
  entra.faults.clear();
  await bed.settled(t);
  t.strictSame(entra.violations, []);
});
