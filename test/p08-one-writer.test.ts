import t from "tap";
import { configuredWriter } from "../src/cluster/configured-writer.js";
import type { Lease } from "../src/cluster/lease.js";
import { AgentError } from "../src/errors.js";

const HOUR_MS = 60 * 60 * 1000;
const { signal } = new AbortController();

/** A lease over a list of nodes that the test changes, and a clock that it moves. */
function world(options: { writer?: string; nodeName?: string; nodes?: string[] | Error }) {
  const state = { now: 5, asked: 0, nodes: options.nodes ?? ["pve1"] };
  const lease: Lease = configuredWriter({
    ...(options.writer === undefined ? {} : { writer: options.writer }),
    nodeName: options.nodeName ?? "pve1",
    nodes: async () => {
      state.asked += 1;
      if (state.nodes instanceof Error) throw state.nodes;
      return state.nodes;
    },
    clock: { monotonic: () => state.now },
  });
  return { lease, state };
}

t.test("P8: the configured writer writes, by its first label, and nobody is asked", async (t) => {
  for (const nodeName of ["pve1", "pve1.example.com", "PVE1.example.com"]) {
    const { lease, state } = world({ writer: "pve1", nodeName, nodes: ["pve1", "pve2"] });
    t.same(await lease.check(signal), { mayWrite: true }, nodeName);
    t.equal(state.asked, 0);
  }
});

t.test("P8: every other node stands by and names the leader", async (t) => {
  for (const nodeName of ["pve2", "pve10", "pve1x.example.com", "example.pve1"]) {
    const { lease, state } = world({ writer: "pve1", nodeName, nodes: ["PVE1", nodeName] });
    const standby = {
      mayWrite: false,
      leader: "pve1",
      finding: { code: "CLUSTER_STANDBY", message: /pve1/ },
    };
    t.match(await lease.check(signal), standby, nodeName);
    t.match(await lease.check(signal), standby, nodeName);
    t.equal(state.asked, 1, "whether there is such a node, once an hour");
    state.nodes = new AgentError("PVE_UNREACHABLE", "no connection");
    state.now += HOUR_MS;
    t.match(await lease.check(signal), standby, "without an answer the configuration counts");
  }
});

t.test("P8: a writer that is no node of the cluster is told by each that is one", async (t) => {
  const { lease, state } = world({ writer: "pve3", nodeName: "pve1", nodes: ["pve1", "pve2"] });
  const answer = await lease.check(signal);
  t.match(answer, {
    mayWrite: false,
    finding: { code: "CLUSTER_NO_WRITER", message: /writer is pve3,.* pve1, pve2$/ },
  });
  t.notOk("leader" in answer);
  state.nodes = ["pve1", "pve2", "pve3"];
  t.match(await lease.check(signal), { leader: "pve3", finding: { code: "CLUSTER_STANDBY" } });
  state.nodes = ["pve1", "pve2"];
  state.now += HOUR_MS;
  t.match(await lease.check(signal), { finding: { code: "CLUSTER_NO_WRITER" } }, "it was removed");

  const booting = world({ writer: "pve2", nodeName: "pve1", nodes: ["pve1"] });
  const told = async (minutes: number): Promise<string | undefined> => {
    booting.state.now += minutes * 60_000;
    const given = await booting.lease.check(signal);
    return given.mayWrite ? undefined : given.finding.code;
  };
  t.equal(await told(0), "CLUSTER_STANDBY", "corosync may be on its way");
  t.equal(await told(9), "CLUSTER_STANDBY");
  t.equal(await told(1), "CLUSTER_NO_WRITER", "no, it is alone");
  booting.state.nodes = ["pve1", "pve2"];
  t.equal(await told(1), "CLUSTER_STANDBY");

  const beside = world({ writer: "agents", nodeName: "vm7", nodes: ["pve1", "pve2"] });
  const besides = await beside.lease.check(signal);
  t.match(besides, { leader: "agents", finding: { code: "CLUSTER_STANDBY" } }, "beside a cluster");
});

t.test("P8: of three nodes with one configuration exactly one writes", async (t) => {
  const leases = ["pve1", "pve2", "pve3"].map((nodeName) => world({ writer: "pve2", nodeName }));
  const answers = await Promise.all(leases.map(({ lease }) => lease.check(signal)));
  t.same(
    answers.map((answer) => answer.mayWrite),
    [false, true, false],
  );
});

t.test("P8: a node that is alone writes without configuration, asked once an hour", async (t) => {
  const { lease, state } = world({});
  for (let pass = 0; pass < 5; pass += 1) t.same(await lease.check(signal), { mayWrite: true });
  t.equal(state.asked, 1, "asked at start");
  state.now += HOUR_MS - 1;
  t.equal((await lease.check(signal)).mayWrite, true);
  t.equal(state.asked, 1, "not yet again");
  state.now += 1;
  t.equal((await lease.check(signal)).mayWrite, true);
  t.equal(state.asked, 2, "again after an hour");
});

t.test("P8: in a cluster without a configured writer nobody writes", async (t) => {
  const { lease, state } = world({ nodes: ["pve1", "pve2"] });
  const refused = {
    mayWrite: false,
    finding: { code: "CLUSTER_NO_WRITER", message: /2 nodes \(pve1, pve2\)/ },
  };
  t.match(await lease.check(signal), refused);
  t.match(await lease.check(signal), refused);
  t.equal(state.asked, 2, "a refusal is not remembered");
  state.nodes = ["pve1"];
  t.same(await lease.check(signal), { mayWrite: true }, "the other node left");
});

t.test("P8: a second node that joins is seen within the hour", async (t) => {
  const { lease, state } = world({});
  t.equal((await lease.check(signal)).mayWrite, true);
  state.nodes = ["pve1", "pve2"];
  state.now += HOUR_MS;
  t.equal((await lease.check(signal)).mayWrite, false);
  state.now += 1;
  t.equal((await lease.check(signal)).mayWrite, false, "and not forgotten");
});

t.test("P8: where PVE does not answer nobody writes, until it does", async (t) => {
  const { lease, state } = world({ nodes: new AgentError("PVE_UNREACHABLE", "no connection") });
  t.match(await lease.check(signal), {
    mayWrite: false,
    finding: { code: "CLUSTER_NO_WRITER", message: /no connection/ },
  });
  state.nodes = ["pve1"];
  t.same(await lease.check(signal), { mayWrite: true });
  state.nodes = new AgentError("PVE_UNREACHABLE", "no connection");
  state.now += HOUR_MS;
  t.equal((await lease.check(signal)).mayWrite, false, "the hour is over and nobody answers");
});

t.test("P8: an abort comes out as itself", async (t) => {
  const { lease } = world({ nodes: new Error("stopped") });
  const stop = new AbortController();
  stop.abort(new Error("stopping"));
  await t.rejects(lease.check(stop.signal), { message: "stopping" });
});
