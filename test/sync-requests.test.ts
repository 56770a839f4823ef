/** How many requests a pass makes: no more than the facts need. */
import t from "tap";
import type { Agent } from "../src/agent.js";
import { mapping, never, startSite } from "./support/site.js";
import type { Site } from "./support/site.js";

t.setTimeout(300_000);

const SIX = [
  "GET /api2/json/access/acl",
  "GET /api2/json/access/domains/entra",
  "GET /api2/json/access/groups",
  "GET /api2/json/access/permissions",
  "GET /api2/json/access/roles",
  "GET /api2/json/access/users?full=1",
];

async function pass(agent: Agent): ReturnType<Agent["pass"]> {
  const { realms } = agent.config;
  const order = { trigger: "test", realms, rotate: new Set<string>() };
  return agent.pass({ ...order, dry: false, secretsOnly: false }, {}, never);
}

/** Graph's requests of one pass by what they are for; a batch with its number of parts. */
function graphOf({ entra }: Site): string[] {
  return entra.log
    .entries({ path: "/v1.0/" })
    .filter(({ path }) => !path.includes("/token"))
    .map(({ path, body = "" }) => {
      if (path.includes("transitiveMembers")) return "members";
      if (!path.endsWith("$batch")) return path.includes("/applications") ? "application" : path;
      const parts = (JSON.parse(body) as { requests: { url: string }[] }).requests;
      const about = parts.every(({ url }) => url.startsWith("/groups/")) ? "visibility" : "people";
      return `${about} ${parts.length}`;
    })
    .sort();
}

function clear({ pve, entra }: Site): void {
  pve.log.clear();
  entra.log.clear();
}

const pveOf = ({ pve }: Site): string[] =>
  pve.log
    .entries()
    .map(({ method, path }) => `${method} ${path}`)
    .sort();

t.test("a pass with nothing to do, over 21 groups", async (t) => {
  const site = await startSite(t);
  const people = ["anna", "bert", "cora"].map((name) => site.addUser(name));
  const ids = Array.from({ length: 21 }, (_, at) => site.group(`Group ${at}`, people));
  const agent = site.agent({ groups: ids.map((id, at) => mapping(`g${at}`, id)).join("") });
  await pass(agent);

  clear(site);
  const idle = await pass(agent);
  t.strictSame([idle.findings, idle.done], [[], []]);
  t.strictSame(pveOf(site), SIX, "six reads of PVE, and no write");
  t.strictSame(
    graphOf(site),
    ["application", ...ids.map(() => "members"), "visibility 1", "visibility 20"],
    "one request for each group, one batch for 20 groups' visibility, and the app's",
  );

  site.clock.advance(3_600_000);
  clear(site);
  await pass(agent);
  t.strictSame(pveOf(site), [...SIX, "GET /api2/json/nodes"], "the nodes once an hour");
  clear(site);
  await pass(agent);
  t.strictSame(pveOf(site), SIX);
  t.strictSame(site.entra.violations, []);
});

t.test("people for whom only their own object can speak: one batch for twenty", async (t) => {
  const site = await startSite(t);
  const people = Array.from({ length: 50 }, (_, at) => site.addUser(`p${at}`));
  const ops = site.group("Operators", people);
  const agent = site.agent({ groups: mapping("ops", ops) });
  await pass(agent);
  // Made by PVE's autocreate: nobody lists them, and they are asked for by name.
  for (let at = 0; at < 21; at += 1) {
    site.addUser(`auto${at}`);
    site.pve.world.createUser(`auto${at}@contoso.example@entra`);
  }
  clear(site);
  const report = await pass(agent);
  t.strictSame([report.findings, report.done], [[], []]);
  t.strictSame(pveOf(site), SIX);
  t.strictSame(graphOf(site), ["application", "members", "people 1", "people 20", "visibility 1"]);

  // Who left and is disabled and has nothing is not asked for in every pass.
  site.entra.world.leave(ops, people[0] ?? "");
  await pass(agent);
  clear(site);
  await pass(agent);
  t.strictSame(graphOf(site), ["application", "members", "people 1", "people 20", "visibility 1"]);
  t.strictSame(site.entra.violations, []);
});

t.test("a first sync: one write for each user, each group and each entry", async (t) => {
  const site = await startSite(t, { aclPaths: ["/vms", "/pool", "/storage", "/nodes"] });
  const people = Array.from({ length: 30 }, (_, at) => site.addUser(`p${at}`));
  const third = (nth: number): string[] => people.filter((_, at) => at % 3 !== nth);
  const ids = [0, 1, 2].map((nth) => site.group(`Group ${nth}`, third(nth)));
  const shared = '{ path = "/vms", role = "PVEVMUser" }, { path = "/pool", role = "PVEAuditor" }';
  const own = [
    '{ path = "/storage", role = "PVEAuditor" }',
    '{ path = "/nodes", role = "PVEAuditor", propagate = false }',
    '{ path = "/vms", role = "PVEAuditor" }',
  ];
  const groups = ids
    .map((id, at) => mapping(`g${at}`, id, `acl = [${shared}, ${own[at] ?? ""}]`))
    .join("");
  const agent = site.agent({ groups });
  clear(site);
  const report = await pass(agent);
  t.strictSame(report.findings, []);
  const writes = pveOf(site).filter((line) => !line.startsWith("GET"));
  const count = (start: string): number => writes.filter((line) => line.startsWith(start)).length;
  t.equal(count("POST /api2/json/access/users"), 30);
  t.equal(count("POST /api2/json/access/groups"), 3);
  t.equal(count("PUT /api2/json/access/acl"), 5, "three groups share two of the five");
  t.equal(writes.length, 38);
  clear(site);
  await pass(agent);
  t.strictSame(pveOf(site), SIX);

  // One change is one write.
  site.entra.world.join(ids[0] ?? "", people[0] ?? "");
  clear(site);
  await pass(agent);
  t.strictSame(
    pveOf(site).filter((line) => !SIX.includes(line)),
    ["PUT /api2/json/access/users/p0%40contoso.example%40entra"],
  );
  t.strictSame(site.entra.violations, []);
});
