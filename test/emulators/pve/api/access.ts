import type { Methods, Permitted } from "../call.js";
import { isUsable } from "../auth.js";
import { allocatesUser, and, onGroupsOfUser, or, self } from "../checks.js";
import { ParamError, PermissionError, PlainError, StatusError } from "../errors.js";
import { normalizePath, splitTokenid, USERID_OR_TOKEN, verifyUserid } from "../names.js";
import { isTrue, splitList } from "../perl.js";
import { allPaths, type Held } from "../permissions.js";
import { capabilities } from "../capabilities.js";
import { USERID } from "./users.js";

const SUBDIRS = ["users", "groups", "roles", "acl", "domains", "openid", "tfa"];

export const access: Methods = {
  GET: {
    permission: "all",
    parameters: {},
    run: () => [...SUBDIRS, "ticket", "password"].map((subdir) => ({ subdir })),
  },
};

const asFlags = (held: Held): Record<string, number> =>
  Object.fromEntries([...held].map(([privilege, propagate]) => [privilege, propagate ? 1 : 0]));

/** Effective permissions: one's own, those of one's tokens, and everybody's for an auditor of /access. */
function permissionsOf(call: Permitted): unknown {
  const { userid = call.caller, path } = call.params;
  const owner = splitTokenid(userid, "bytes")?.user;
  if (userid !== call.caller && owner !== call.caller) {
    call.access.require(call.caller, "/access", ["Sys.Audit"]);
  }
  if (path !== undefined && isTrue(path)) {
    return { [path]: asFlags(call.access.permissions(userid, path)) };
  }
  const held = allPaths(call.state.users).map(
    (at) => [at, call.access.permissions(userid, at)] as const,
  );
  return Object.fromEntries(
    held.filter(([, privileges]) => privileges.size > 0).map(([at, p]) => [at, asFlags(p)]),
  );
}

export const permissions: Methods = {
  GET: {
    permission: "all",
    parameters: {
      userid: { type: "string", pattern: new RegExp(`^${USERID_OR_TOKEN}$`), optional: true },
      path: { type: "string", optional: true },
    },
    run: permissionsOf,
  },
};

/** Says nothing about what was wrong, so that nobody can find out who exists. */
const authenticationFailure = (): StatusError => new StatusError(401, "authentication failure\n");

function passwordIsRight(call: Permitted, userid: string, password: string): boolean {
  const { realm } = verifyUserid(userid);
  const type = call.state.domains.realms.get(realm)?.type;
  if (type !== "pve" && type !== "pam") return false;
  return isTrue(password) && call.state.passwords.get(userid) === password;
}

function mayEnter(call: Permitted, userid: string): boolean {
  const { password = "", path, privs } = call.params;
  if (!isUsable(call.state.users, userid, call.clock.now())) return false;
  const session = call.sessions.find(password, call.clock.now());
  const known = session?.userid === userid || session?.userid === "root@pam";
  if (!known && !passwordIsRight(call, userid, password)) return false;
  if (path === undefined) return true;
  const at = normalizePath(path);
  const needed = splitList(privs);
  return at !== undefined && needed.length > 0 && call.access.has(userid, at, needed);
}

function createTicket(call: Permitted): unknown {
  const { username = "", realm } = call.params;
  const userid = isTrue(realm) ? `${username}@${realm}` : username;
  if (!mayEnter(call, userid)) throw authenticationFailure();
  const cap = capabilities(call.access, call.state.users, userid);
  const clustername = call.nodes.length > 1 && call.access.has(userid, "/", ["Sys.Audit"]);
  const answer = { username: userid, cap, ...(clustername && { clustername: "cluster" }) };
  if (call.params.path !== undefined) return answer;
  const { ticket, csrf } = call.sessions.open(userid, call.clock.now());
  return { ...answer, ticket, CSRFPreventionToken: csrf };
}

export const ticket: Methods = {
  GET: { permission: "world", parameters: {}, run: () => null },
  POST: {
    protected: true,
    tokens: false,
    permission: "world",
    parameters: {
      username: { type: "string", maxLength: 64 },
      realm: { type: "string", format: "realm", maxLength: 32, optional: true },
      password: { type: "string" },
      otp: { type: "string", optional: true },
      path: { type: "string", requires: "privs", maxLength: 64, optional: true },
      privs: {
        type: "string",
        format: "privilege",
        list: true,
        requires: "path",
        maxLength: 64,
        optional: true,
      },
      "new-format": { type: "boolean", optional: true },
      "tfa-challenge": { type: "string", optional: true },
    },
    run: createTicket,
  },
};

/** Everybody but root@pam says the own password once more; nobody else touches that of root or of a system user. */
function changePassword(call: Permitted): null {
  const { userid, realm } = verifyUserid(call.params.userid);
  const { caller } = call;
  if (!call.access.userExists(userid)) throw new PlainError(`no such user ('${userid}')\n`);
  if (caller !== "root@pam") {
    const confirmation = call.params["confirmation-password"];
    if (userid === "root@pam" || (realm === "pam" && caller !== userid))
      throw new PermissionError();
    if (confirmation === undefined) {
      throw new ParamError({ "confirmation-password": "password is required to modify user" });
    }
    if (!passwordIsRight(call, caller, confirmation)) throw authenticationFailure();
  }
  const type = call.state.domains.realms.get(realm)?.type;
  if (type === undefined) throw new PlainError(`auth domain '${realm}' does not exist\n`);
  if (type === "openid") throw new PlainError(`can't set password on auth type '${type}'\n`);
  call.state.passwords.set(userid, call.params.password ?? "");
  return null;
}

export const password: Methods = {
  PUT: {
    protected: true,
    tokens: false,
    permission: or(self, and(allocatesUser, onGroupsOfUser(["User.Modify"]))),
    parameters: {
      userid: USERID,
      password: { type: "string", minLength: 8, maxLength: 64 },
      "confirmation-password": { type: "string", minLength: 5, maxLength: 64, optional: true },
    },
    run: changePassword,
  },
};
