import { sorted, splitFields } from "./perl.js";

/** The roles of one holder at one path, each with its propagation. */
export type Grants = Map<string, boolean>;

/** Whom an ACL entry may name. */
export type HolderKind = "users" | "groups" | "tokens";
export const HOLDER_KINDS: readonly HolderKind[] = ["users", "groups", "tokens"];

/** One path of the ACL tree. */
export interface AclNode {
  children: Map<string, AclNode>;
  users: Map<string, Grants>;
  groups: Map<string, Grants>;
  tokens: Map<string, Grants>;
}

export function newAclNode(): AclNode {
  return { children: new Map(), users: new Map(), groups: new Map(), tokens: new Map() };
}

/** The node of a normal path; makes it, and those above it, where missing. */
export function aclNodeAt(root: AclNode, path: string): AclNode {
  let node = root;
  for (const part of splitFields(path, "/")) {
    if (part === "" || part === "0") continue;
    let child = node.children.get(part);
    if (!child) {
      child = newAclNode();
      node.children.set(part, child);
    }
    node = child;
  }
  return node;
}

/** Gives one role to one holder at a node, in place of what it had with that role. */
export function grant(
  node: AclNode,
  kind: HolderKind,
  holder: string,
  role: string,
  propagate: boolean,
): void {
  const grants = node[kind].get(holder) ?? new Map<string, boolean>();
  grants.set(role, propagate);
  node[kind].set(holder, grants);
}

/** Each node with its path, parents first, siblings sorted: the order of user.cfg. */
export function* aclNodes(node: AclNode, path = "/"): Generator<[path: string, node: AclNode]> {
  yield [path, node];
  const prefix = path === "/" ? "" : path;
  for (const name of sorted(node.children.keys())) {
    const child = node.children.get(name);
    if (child) yield* aclNodes(child, `${prefix}/${name}`);
  }
}
