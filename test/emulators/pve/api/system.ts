import type { Methods, Permitted } from "../call.js";
import { perm } from "../checks.js";

/** The version that the recordings were made with. */
const VERSION = { version: "9.2.11", release: "9.2", repoid: "14a22df36113cafe" };

export const version: Methods = {
  GET: { permission: "all", parameters: {}, run: () => VERSION },
};

export const index: Methods = {
  GET: {
    permission: "all",
    parameters: {},
    run: () => ["version", "cluster", "nodes", "access", "pools"].map((subdir) => ({ subdir })),
  },
};

/** The little that everybody may know of the nodes. */
export const nodes: Methods = {
  GET: {
    permission: "all",
    parameters: {},
    run: (call: Permitted) =>
      call.nodes.map((node) => ({
        node,
        id: `node/${node}`,
        type: "node",
        status: "online",
        level: "",
        ssl_fingerprint: "",
      })),
  },
};

function status(call: Permitted): unknown {
  const alone = call.nodes.length === 1;
  const nodes = call.nodes.map((name, position) => ({
    type: "node",
    id: `node/${name}`,
    name,
    ip: `192.0.2.${position + 2}`,
    nodeid: alone ? 0 : position + 1,
    online: 1,
    local: position === 0 ? 1 : 0,
    level: "",
  }));
  if (alone) return nodes;
  const quorate = call.state.trouble.quorum ? 1 : 0;
  const cluster = { type: "cluster", id: "cluster", name: "cluster", version: 1, quorate };
  return [{ ...cluster, nodes: nodes.length }, ...nodes];
}

export const clusterStatus: Methods = {
  GET: { protected: true, permission: perm("/", ["Sys.Audit"]), parameters: {}, run: status },
};
