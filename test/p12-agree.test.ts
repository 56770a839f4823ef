/** P12: exit codes, health and metrics tell the same of each failure, and stop telling it after. */
import Sqlite from "better-sqlite3";
import t from "tap";
import { byHand, feel, startOn } from "./support/daemon-bed.js";
import type { Felt } from "./support/daemon-bed.js";
import { mapping, startSite } from "./support/site.js";
import type { Site } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

t.setTimeout(240_000);

interface Failure {
  readonly name: string;
  /** Breaks something; gives what mends it. */
  readonly breaks: (site: Site) => () => void;
  readonly code: string;
}

const always = Infinity;

const FAILURES: readonly Failure[] = [
  {
    name: "PVE's daemon is down",
    breaks: ({ pve }) => (pve.world.daemon(false), () => pve.world.daemon(true)),
    code: "PVE_UNREACHABLE",
  },
  {
    name: "PVE refuses the token",
    breaks: ({ pve }) => {
      pve.faults.add({ times: always, do: { kind: "status", status: 401 } });
      return () => pve.faults.clear();
    },
    code: "PVE_UNAUTHORIZED",
  },
  {
    name: "PVE answers garbage",
    breaks: ({ pve }) => {
      pve.faults.add({ path: "/access/acl", times: always, do: { kind: "garbage" } });
      return () => pve.faults.clear();
    },
    code: "PVE_BAD_ANSWER",
  },
  {
    name: "Graph forbids the group",
    breaks: ({ entra }) => {
      const body = { error: { code: "Authorization_RequestDenied", message: "no" } };
      entra.faults.add({
        path: "/transitiveMembers",
        times: always,
        do: { kind: "status", status: 403, body },
      });
      return () => entra.faults.clear();
    },
    code: "ENTRA_FORBIDDEN",
  },
  {
    name: "Graph gives members without properties",
    breaks: ({ entra }) => {
      const fault = { kind: "body", replace: "nulls" } as const;
      entra.faults.add({ path: "/transitiveMembers", times: always, do: fault });
      return () => entra.faults.clear();
    },
    code: "ENTRA_PROPERTIES_NULL",
  },
  {
    name: "the realm points at another app",
    breaks: ({ pve, sso }) => {
      pve.world.setRealm("entra", { "client-id": "99999999-9999-4999-8999-999999999999" });
      return () => pve.world.setRealm("entra", { "client-id": sso.appId });
    },
    code: "REALM_CLIENT_ID",
  },
  {
    name: "no quorum, and something to write",
    breaks: ({ pve, entra }) => {
      const { id } = entra.world.addUser({ upn: "dora@contoso.example", displayName: "dora" });
      entra.world.join("Operators", id);
      pve.world.quorum(false);
      return () => pve.world.quorum(true);
    },
    code: "PVE_NO_QUORUM",
  },
  {
    name: "the journal cannot be written",
    breaks: ({ dir }) => {
      const other = new Sqlite(`${dir}/state/journal.db`);
      other.exec("BEGIN EXCLUSIVE");
      return () => void other.close();
    },
    code: "JOURNAL_UNWRITABLE",
  },
];

const metric = ({ metrics }: Felt, name: string): number =>
  Number(new RegExp(`^pve_entra_agent_${name} (\\S+)$`, "m").exec(metrics)?.[1]);

t.test("each failure of a pass", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const group = site.group("Operators", [site.addUser("anna")]);
  site.configure({ groups: mapping("ops", group) });
  const daemon = await startOn(site, byHand());
  t.teardown(() => daemon.stop());
  const run = terminalOf(site);
  t.equal((await run(["sync"])).exit, 0);

  for (const { name, breaks, code } of FAILURES) {
    await t.test(name, async (t) => {
      const before = metric(await feel(daemon.healthUrl), `errors_total\\{code="${code}"\\}`);
      const mend = breaks(site);
      const ran = await run(["sync"]);
      t.equal(ran.exit, 1, ran.out + ran.err);
      t.match(ran.out + ran.err, code);
      const bad = await feel(daemon.healthUrl);
      t.equal(bad.status, 503);
      t.equal(bad.state, "failing");
      t.match(bad.reasons.join("\n"), code);
      t.equal(metric(bad, 'pass_success\\{realm="entra"\\}'), 0);
      const counted = metric(bad, `errors_total\\{code="${code}"\\}`);
      t.equal(counted, (Number.isNaN(before) ? 0 : before) + 1, "counted once");

      const rotated = await run(["rotate"]);
      const still = await feel(daemon.healthUrl);
      t.equal(still.status, 503, `people were not looked at by \`rotate\` (${rotated.exit})`);

      mend();
      const well = await run(["sync"]);
      t.equal(well.exit, 0, well.out + well.err);
      const good = await feel(daemon.healthUrl);
      t.equal(good.state, "ok", good.reasons.join("\n"));
      t.equal(metric(good, 'pass_success\\{realm="entra"\\}'), 1);
    });
  }
});

t.test("a rotation that fails is counted and told until the secret is good again", async (t) => {
  const site = await startSite(t, { secretDays: 5 });
  site.journal.close();
  site.configure({ groups: mapping("ops", site.group("Operators", [site.addUser("anna")])) });
  const daemon = await startOn(site, byHand());
  t.teardown(() => daemon.stop());
  const run = terminalOf(site);
  t.equal((await run(["sync"])).exit, 0);
  site.clock.advance(4 * 86_400_000);
  site.entra.world.setPolicy({ name: "no secrets", secretsForbidden: true });
  const failed = await run(["sync"]);
  t.equal(failed.exit, 1);
  t.match(failed.out, /ROTATION_POLICY_FORBIDS/);
  const bad = await feel(daemon.healthUrl);
  t.equal(bad.state, "degraded");
  t.match(bad.reasons.join("\n"), /ROTATION_POLICY_FORBIDS/);
  t.equal(metric(bad, 'errors_total\\{code="ROTATION_POLICY_FORBIDS"\\}'), 1);
  site.entra.world.setPolicy(undefined);
  t.equal((await run(["sync"])).exit, 0);
  t.equal((await feel(daemon.healthUrl)).state, "ok");
});

t.test("an order for a realm that is not there is wrong usage, daemon or not", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  site.configure({});
  const run = terminalOf(site);
  t.equal((await run(["rotate", "--realm", "nope"])).exit, 64);
  const daemon = await startOn(site, byHand());
  t.teardown(() => daemon.stop());
  t.equal((await run(["sync"])).exit, 0);
  t.equal((await run(["rotate", "--realm", "nope"])).exit, 64);
  t.equal((await feel(daemon.healthUrl)).state, "ok", "and no failure of the daemon");
});

t.test("`plan` says why it fails, be it beside the plan", async (t) => {
  const site = await startSite(t, { nodes: ["pve1", "pve2"] });
  site.journal.close();
  site.configure({ groups: mapping("ops", site.group("Operators", [site.addUser("anna")])) });
  const run = terminalOf(site);
  const text = await run(["plan"]);
  t.equal(text.exit, 1);
  t.match(text.out, /CLUSTER_NO_WRITER/);
  const json = await run(["plan", "--json"]);
  t.equal(json.exit, 1);
  t.match(JSON.parse(json.out), { findings: [{ code: "CLUSTER_NO_WRITER" }] });
});
