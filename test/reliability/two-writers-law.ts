/**
 * P3 with several writers and people who edit by hand.
 *
 * A pass under way has an *old*: every state in which PVE was while the pass read it (its reads are
 * six requests, and others write between them). And it has a *new*: what PVE would be once
 * everything of its plan is done, held and waiting changes included. An edit by hand is made to
 * both, for it is part of neither plan: old is as if it had been made before the pass, and new as if
 * it had been made before or after everything of the plan.
 *
 * The law of rights: after a write of ours nobody holds a privilege on a path unless they held it
 * right before that write, or the old or the new of a pass that is under way gives it. A writer whom
 * nobody has overtaken (since its pass began, nobody else has changed user.cfg) keeps it always.
 *
 * Who was overtaken goes on with an order that was found for another state. Two plans mixed may
 * then give for a moment what neither gives: a role that one of them has given already, where the
 * other has taken away the NoAccess that hid it and not yet written its own. Only a lease prevents
 * that (P8). What such a write keeps is the law of facts: every membership, every entry and every
 * enabled account that is there was there before, or is in the old or new of a pass under way. So
 * whatever anybody holds for that moment comes from memberships and entries that are wanted.
 *
 * Judged by the emulator's own walk of the ACL, and new by carrying the plan's writes out on a copy.
 */
import { proxmoxApi } from "proxmox-api";
import type { Change, Plan, Write } from "../../src/decide/plan.js";
import { encodeForm } from "../../src/pve/form.js";
import { sendWrite } from "../../src/pve/write.js";
import { aclNodes } from "../emulators/pve/acl-tree.js";
import { memberships } from "../emulators/pve/user-cfg.js";
import { Sessions } from "../emulators/pve/auth.js";
import { AGENT_TOKEN } from "../emulators/pve/default-world.js";
import { dispatch } from "../emulators/pve/dispatch.js";
import { effectivePrivileges } from "../emulators/pve/oracle.js";
import { PveState } from "../emulators/pve/state.js";
import { fixedClock } from "../emulators/common/clock.js";

/** Userid and path to privileges. */
type Rights = ReadonlyMap<string, ReadonlySet<string>>;

const TOKEN = "of-a-copy";

export class Law {
  readonly #paths: readonly string[];
  readonly #rights = new Map<string, Rights>();

  /** `paths`: every path at which anybody may ever have an entry. */
  constructor(paths: readonly string[]) {
    const all = ["/", ...paths];
    // Below a path that nobody has an entry for, what propagates counts.
    this.#paths = [...new Set(all.flatMap((path) => [path, `${path === "/" ? "" : path}/below`]))];
  }

  /** The law of rights: one sentence for each thing that a write has given beyond `allowed`. */
  rights(after: PveState, allowed: readonly PveState[]): readonly string[] {
    const tables = allowed.map((state) => this.#of(state));
    const excess: string[] = [];
    for (const [key, held] of this.#of(after)) {
      for (const privilege of held) {
        if (tables.some((table) => table.get(key)?.has(privilege))) continue;
        excess.push(`${key.replace(" ", " holds at ")} ${privilege}`);
        break;
      }
    }
    return excess;
  }

  /** The law of facts: the same for memberships, entries and enabled accounts. */
  facts(after: PveState, allowed: readonly PveState[]): readonly string[] {
    const known = allowed.map((state) => factsOf(state));
    return [...factsOf(after)].filter((fact) => !known.some((facts) => facts.has(fact)));
  }

  #of(state: PveState): Rights {
    const text = state.userCfgText;
    const known = this.#rights.get(text);
    if (known !== undefined) return known;
    const rights = new Map<string, ReadonlySet<string>>();
    for (const userid of state.users.users.keys()) {
      for (const path of this.#paths) {
        const held = effectivePrivileges(state.users, userid, path);
        if (held.size > 0) rights.set(`${userid} ${path}`, held);
      }
    }
    this.#rights.set(text, rights);
    return rights;
  }
}

function factsOf({ users: cfg }: PveState): ReadonlySet<string> {
  const facts = new Set<string>();
  for (const [userid, { enable }] of cfg.users) if (enable) facts.add(`${userid} is enabled`);
  for (const [group, { users }] of cfg.groups) {
    for (const userid of users) facts.add(`${userid} is in ${group}`);
  }
  for (const [path, node] of aclNodes(cfg.acl)) {
    for (const kind of ["groups", "users"] as const) {
      for (const [holder, roles] of node[kind]) {
        for (const [role, propagate] of roles) {
          facts.add(`${holder} has ${role} at ${path}${propagate ? "" : " alone"}`);
        }
      }
    }
  }
  return facts;
}

export function copyOf(state: PveState): PveState {
  const copy = new PveState(state.userCfgText, state.domainsCfgText);
  copy.tokenSecrets.set(AGENT_TOKEN, TOKEN);
  return copy;
}

/** What PVE is once all of the plan is done. */
export async function newOf(plan: Plan, old: PveState): Promise<PveState> {
  const state = copyOf(old);
  const writes = [...plan.actions, ...plan.waiting.map(({ action }) => action)].map(
    ({ write }) => write,
  );
  const held = plan.holds.map(({ change }) => heldWrite(change));
  // Whatever depends on another write comes later or is refused, so that a second round finds it.
  for (let round = 1; round <= 2; round += 1) {
    for (const write of [...writes, ...held]) await carryOut(write, state);
  }
  return state;
}

/** A held change as the write that it would be. */
function heldWrite(change: Change): Write {
  const none = { join: [], leave: [] };
  switch (change.kind) {
    case "join":
    case "leave": {
      const { kind, userid, group } = change;
      return { kind: "update-user", userid, fields: {}, ...none, [kind]: [group] };
    }
    case "update-user":
    case "enable-user":
    case "disable-user": {
      const { userid, fields } = change;
      return { kind: "update-user", userid, fields, ...none };
    }
    case "create-user":
      return { kind: "create-user", userid: change.userid, fields: change.fields, groups: [] };
    case "delete-user":
      return { kind: "delete-user", userid: change.userid };
    case "create-group":
      return { kind: "create-group", group: change.group, comment: change.comment };
    case "update-group":
    case "adopt-group":
      return { kind: "update-group", group: change.group, comment: change.comment };
    case "delete-group":
      return { kind: "delete-group", group: change.group };
    case "grant":
    case "revoke": {
      const { path, role, propagate, group } = change;
      const gone = change.kind === "revoke";
      return { kind: "acl", path, role, propagate, groups: [group], delete: gone };
    }
  }
}

async function carryOut(write: Write, state: PveState): Promise<void> {
  const world = { state, sessions: new Sessions(), clock: fixedClock(0), nodes: ["pve1"] };
  const api = proxmoxApi({
    doRequest: async (httpMethod, path, _template, params) => {
      const method = httpMethod.toUpperCase();
      const body = method === "DELETE" ? "" : encodeForm(params);
      const headers = {
        authorization: `PVEAPIToken=${AGENT_TOKEN}=${TOKEN}`,
        ...(body === "" ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        "content-length": String(body.length),
      };
      // Refused: it has been done already, or cannot be.
      dispatch(world, { method, url: path, headers, body });
    },
  });
  await sendWrite(api, write, groupsAfter(write, state));
}

function groupsAfter(write: Write, state: PveState): readonly string[] | undefined {
  if (write.kind !== "update-user" || write.leave.length === 0) return undefined;
  const now = memberships(state.users).get(write.userid) ?? [];
  return [...new Set([...now.filter((group) => !write.leave.includes(group)), ...write.join])];
}
