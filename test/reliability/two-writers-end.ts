/**
 * What has to be there once both agents are at rest: the state that one undisturbed agent would
 * reach, told from Entra's truth, the configuration and what was edited by hand, without a word of
 * the program's own decisions.
 */
import type { Config, MappingConfig } from "../../src/config/types.js";
import { parseUserMark } from "../../src/decide/mark.js";
import { aclNodes } from "../emulators/pve/acl-tree.js";
import { memberships } from "../emulators/pve/user-cfg.js";
import type { User } from "../emulators/entra/tables.js";
import { entryKey, MANUAL } from "./two-writers-ledger.js";
import { useridOf } from "./two-writers-organisation.js";
import type { Organisation } from "./two-writers-organisation.js";

const OURS = ["ops", "dev", "aud", "deny"];

/** One sentence for each thing that is not as it should be. */
export function wrongInTheEnd(org: Organisation, config: Config): readonly string[] {
  const mappings = config.realms[0]?.groups ?? [];
  return [...people(org, mappings), ...groups(org, mappings), ...entries(org, mappings)];
}

function people(org: Organisation, mappings: readonly MappingConfig[]): string[] {
  const { bed, ledger } = org;
  const cfg = bed.state.users;
  const held = memberships(cfg);
  const owners = new Map(living(org).map((user) => [useridOf(user.userPrincipalName), user]));
  const userids = [...cfg.users.keys(), ...owners.keys()].filter((id) => id.endsWith("@entra"));
  return [...new Set(userids)].flatMap((userid) => {
    const wrong: string[] = [];
    const owner = owners.get(userid);
    const wanted = owner?.accountEnabled === true ? mappedGroups(org, mappings, owner.id) : [];
    const user = cfg.users.get(userid);
    if (user === undefined) return wanted.length > 0 ? [`${userid} has no account`] : [];
    const all = held.get(userid) ?? [];
    differ(
      `${userid} is in`,
      all.filter((group) => OURS.includes(group)),
      wanted,
      wrong,
    );
    const manual = [...(ledger.manual.get(userid) ?? [])];
    differ(
      `${userid} is, by hand, in`,
      all.filter((group) => MANUAL.includes(group as never)),
      manual,
      wrong,
    );
    const { text, mark } = parseUserMark(user.comment ?? "");
    const desk = ledger.texts.get(userid) ?? "";
    if (text.trim() !== desk) wrong.push(`${userid}'s comment is "${text}", not "${desk}"`);
    if (wanted.length > 0 && mark?.id !== owner?.id) wrong.push(`${userid} has another's mark`);
    const enable = mayBeEnabled(org, userid, wanted.length > 0, owner, mark !== undefined);
    if (enable !== undefined && enable !== user.enable) {
      wrong.push(`${userid} is ${user.enable ? "enabled" : "disabled"}`);
    }
    return wrong;
  });
}

/** Undefined: either, for it depends on which of two edits a pass came between. */
function mayBeEnabled(
  { bed, ledger }: Organisation,
  userid: string,
  mapped: boolean,
  owner: User | undefined,
  marked: boolean,
): boolean | undefined {
  if (ledger.disabled.has(userid)) return ledger.open.has(userid) ? undefined : false;
  if (owner?.accountEnabled === false) return marked ? false : undefined;
  if (mapped) return ledger.open.has(userid) ? undefined : true;
  if (ledger.open.has(userid) || !marked) return undefined;
  // Who has something of their own is kept, unless it came after they were disabled.
  const own = [...aclNodes(bed.state.users.acl)].some(([, node]) => node.users.has(userid));
  const manual = (ledger.manual.get(userid)?.size ?? 0) > 0;
  return owner !== undefined && (own || manual) ? undefined : false;
}

function groups(org: Organisation, mappings: readonly MappingConfig[]): string[] {
  const wrong: string[] = [];
  const there = [...org.bed.state.users.groups.keys()];
  const wanted = [...mappings.map(({ name }) => name), ...MANUAL];
  differ("groups are", there, wanted, wrong);
  return wrong;
}

function entries(org: Organisation, mappings: readonly MappingConfig[]): string[] {
  const wrong: string[] = [];
  const ours: string[] = [];
  const theirs: string[] = [];
  for (const [path, node] of aclNodes(org.bed.state.users.acl)) {
    for (const kind of ["groups", "users"] as const) {
      for (const [holder, roles] of node[kind]) {
        for (const [role, propagate] of roles) {
          if (OURS.includes(holder)) ours.push(`${entryKey(path, holder, role)} ${propagate}`);
          else if (holder !== "entra-agent@pve") theirs.push(entryKey(path, holder, role));
        }
      }
    }
  }
  const configured = mappings.flatMap(({ name, acl = [] }) =>
    acl.map(({ path, role, propagate }) => `${entryKey(path, name, role)} ${propagate}`),
  );
  differ("entries of ours are", ours, configured, wrong);
  differ("entries of others are", theirs, [...org.ledger.entries], wrong);
  return wrong;
}

function living({ bed }: Organisation): readonly User[] {
  return bed.tenant.directory.truth.rows("user");
}

function mappedGroups(org: Organisation, mappings: readonly MappingConfig[], id: string): string[] {
  const { world } = org.bed.tenant;
  return mappings
    .filter(({ entra }) => entra.some((group) => world.members(group).includes(id)))
    .map(({ name }) => name);
}

function differ(
  what: string,
  there: readonly string[],
  wanted: readonly string[],
  wrong: string[],
): void {
  const [found, due] = [[...there].sort().join(", "), [...wanted].sort().join(", ")];
  if (found !== due) wrong.push(`${what} ${found || "none"}, not ${due || "none"}`);
}
