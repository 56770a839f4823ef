import { chownSync, readdirSync, writeFileSync } from "node:fs";
import t from "tap";
import { mapping, startSite } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

t.test(
  "without a daemon the commands do it themselves, and their exit codes say how",
  async (t) => {
    const site = await startSite(t);
    site.journal.close();
    const run = terminalOf(site);
    const people = ["anna", "bert", "cora", "dora", "emil"].map((name) => site.addUser(name));
    const group = site.group("Operators", people);
    const parts = {
      groups: mapping("ops", group, 'acl = [{ path = "/vms", role = "PVEVMUser" }]'),
    };
    site.configure(parts);

    const plan = await run(["plan"]);
    t.equal(plan.exit, 2, plan.err);
    t.match(plan.out, /create user anna@contoso.example@entra/);
    t.match(plan.out, /Rights gained[^]*VM\.PowerMgmt/);
    t.match(plan.out, /because in Entra group/);
    t.equal(site.user("anna@contoso.example@entra"), undefined, "plan writes nothing");

    const json = await run(["plan", "--json"]);
    t.equal(json.exit, 2);
    const view = JSON.parse(json.out);
    t.equal(view.version, 1);
    t.equal(view.writes.length, 7);

    const sync = await run(["sync"]);
    t.equal(sync.exit, 0, sync.out + sync.err);
    t.match(sync.out, /done: 7 writes\n$/);
    t.strictSame(site.user("anna@contoso.example@entra")?.groups, ["ops"]);
    t.equal((await run(["plan"])).exit, 0);

    const history = await run(["history", "--user", "anna@contoso.example@entra"]);
    t.equal(history.exit, 0);
    t.match(history.out, /create user anna@contoso.example@entra.*: done/);
    t.match(history.out, /because in Entra group/);

    for (const person of people) site.entra.world.leave(group, person);
    const held = await run(["sync"]);
    t.equal(held.exit, 3, held.out);
    const id = /--approve ([0-9a-f]{64})/.exec(held.out)?.[1] ?? "";
    t.match(id, /^[0-9a-f]{64}$/);
    t.equal((await run(["sync", "--approve", id], { uid: 1000 })).exit, 1, "only root approves");
    const unknown = await run(["sync", "--approve", "0".repeat(64)]);
    t.equal(unknown.exit, 1);
    t.match(unknown.out, /APPROVAL_UNKNOWN/);
    const approved = await run(["sync", "--approve", id]);
    t.equal(approved.exit, 0, approved.out + approved.err);
    t.equal(site.user("anna@contoso.example@entra")?.enable, false);

    const status = await run(["status"]);
    t.equal(status.exit, 1);
    t.match(status.out, /the daemon is not running/);
    t.match(status.out, /last pass: 2026/);
    t.strictSame(site.entra.violations, []);
  },
);

t.test("plan with an ID that no pass has noted can be approved at once", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const run = terminalOf(site);
  const people = ["anna", "bert", "cora"].map((name) => site.addUser(name));
  const group = site.group("Operators", people);
  site.configure({ groups: mapping("ops", group) });
  t.equal((await run(["sync"])).exit, 0);
  for (const person of people) site.entra.world.leave(group, person);
  const plan = await run(["plan"]);
  t.equal(plan.exit, 3);
  const id = /Approval ID: ([0-9a-f]{64})/.exec(plan.out)?.[1] ?? "";
  const approved = await run(["sync", "--approve", id]);
  t.equal(approved.exit, 0, approved.out);
  t.equal(site.user("cora@contoso.example@entra")?.enable, false);
});

t.test("what is wrong is said with its code, what to do, and the exit code", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const run = terminalOf(site);
  site.configure({ groups: mapping("ops", site.group("Operators", [])) });
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [["sync", "--approve", "nonsense"], 64, /USAGE: --approve takes the 64 hex digits/],
    [["plan", "--frobnicate"], 64, /USAGE: plan: Unknown option/],
    [["run", "--json"], 64, /USAGE: run: Unknown option '--json'/],
    [["plan", "surplus"], 64, /USAGE: plan takes no argument "surplus"/],
    [["rotate", "--realm", "nirvana"], 64, /USAGE: the configuration has no realm nirvana/],
    [["history", "--since", "yesterday"], 64, /USAGE: --since takes a time/],
    [["history", "--limit", "0"], 64, /USAGE: --limit takes a number/],
  ];
  for (const [argv, exit, says] of cases) {
    const ran = await run(argv);
    t.equal(ran.exit, exit, argv.join(" "));
    t.match(ran.err, says);
  }
  site.pve.world.daemon(false);
  const down = await run(["sync"]);
  t.equal(down.exit, 1);
  t.match(down.out, /PVE_UNREACHABLE/);
  const planned = await run(["plan"]);
  t.equal(planned.exit, 1);
  t.match(planned.err, /PVE_UNREACHABLE[^]*Check that pveproxy and pvedaemon run/);
});

t.test(
  "what keeps PVE from being asked is why a pass failed, not the nodes that it did not name",
  async (t) => {
    const site = await startSite(t);
    site.journal.close();
    const { pve } = site.configure({ groups: mapping("ops", site.group("Operators", [])) });
    const run = terminalOf(site);
    writeFileSync(pve.tokenFile, "\n");
    const failed = await run(["sync"]);
    t.equal(failed.exit, 1);
    t.match(failed.out, /CREDENTIAL_INVALID[^]*CLUSTER_NO_WRITER/);
    t.match((await run(["status"])).out, /\(failed, CREDENTIAL_INVALID\)/);
  },
);

t.test("root's order is carried out as the user whom the state folder belongs to", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const { state } = site.configure({ groups: mapping("ops", site.group("Operators", [])) });
  const before = readdirSync(state.dir);
  const asked: number[] = [];
  let hooked = 0;
  const onSignal = (): (() => void) => {
    hooked += 1;
    return () => void (hooked -= 1);
  };
  const again = async ({ uid }: { readonly uid: number }): Promise<number> => {
    asked.push(uid);
    t.equal(hooked, 1, "no signal ends this process before it has taken the credentials back");
    return 3;
  };
  const run = terminalOf(site);
  const OWNER = 12_345;
  // Whoever is not root has a folder of its own already.
  const root = process.getuid?.() === 0;
  if (root) chownSync(state.dir, OWNER, OWNER);
  for (const command of ["sync", "rotate"]) {
    t.equal((await run([command], { again, onSignal })).exit, 3, "and gives that one's exit code");
    t.equal(hooked, 0);
  }
  const owner = root ? OWNER : process.getuid?.();
  t.strictSame(asked, [owner, owner]);
  const refused = await run(["sync"], { again: async () => 78 });
  t.match(refused.err, `was done as the owner of ${state.dir}`, "not that root should be root");
  t.strictSame(readdirSync(state.dir), before, "this process itself does nothing there");
  if (root) chownSync(state.dir, 0, 0);
  t.equal(
    (await run(["sync"], root ? { again } : {})).exit,
    0,
    "root does in its own what it is told",
  );
  t.equal(asked.length, 2);
});
