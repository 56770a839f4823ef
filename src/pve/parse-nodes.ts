import { bad, fields, list, text } from "./shape.js";

/** `GET /nodes`: the names of the cluster's nodes. Throws PVE_BAD_ANSWER, also for no node at all. */
export function parseNodes(data: unknown): readonly string[] {
  const names = list(data, "nodes").map((item, at) =>
    text(fields(item, `nodes[${at}]`), "node", `nodes[${at}]`),
  );
  if (names.length === 0) throw bad("nodes: PVE lists none, not even its own");
  return names;
}
