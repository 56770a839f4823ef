import { randomUUID } from "node:crypto";
import type { Methods, Permitted } from "../call.js";
import { onGroupsOfUser, or, self } from "../checks.js";
import { ParamError, PlainError } from "../errors.js";
import { TOKEN_SUB_ID } from "../names.js";
import { isTrue, splitList } from "../perl.js";
import type { Property, Schema } from "../schema.js";
import { setToken, type Token, type UserCfg } from "../user-cfg.js";
import { requireUser, tokenInfo, USERID, useridOf } from "./users.js";

const TOKENID: Property = { type: "string", pattern: new RegExp(`^${TOKEN_SUB_ID}$`) };
const INFO: Schema = {
  expire: { type: "integer", minimum: 0, optional: true },
  privsep: { type: "boolean", optional: true },
  comment: { type: "string", optional: true },
};
const permission = or(self, onGroupsOfUser(["User.Modify"]));

/** The token that a call is about, and what it belongs to. */
function subject(call: Permitted): { userid: string; tokenid: string; full: string } {
  const { userid } = useridOf(call);
  const tokenid = call.params.tokenid ?? "";
  return { userid, tokenid, full: `${userid}!${tokenid}` };
}

/** The token, or PVE's complaint that there is none. */
export function requireToken(cfg: UserCfg, userid: string, tokenid: string): Token {
  const token = requireUser(cfg, userid).tokens?.get(tokenid);
  if (!token) throw new PlainError(`no such token '${tokenid}' for user '${userid}'\n`);
  return token;
}

function list(call: Permitted): unknown {
  const user = requireUser(call.state.users, useridOf(call).userid);
  return [...(user.tokens ?? [])].map(([tokenid, token]) => ({ tokenid, ...tokenInfo(token) }));
}

function read(call: Permitted): unknown {
  const { userid, tokenid } = subject(call);
  return tokenInfo(requireToken(call.state.users, userid, tokenid));
}

/** Gives the token a new value, which no call ever shows again. */
function newValue(call: Permitted, full: string): string {
  const value = randomUUID();
  call.state.tokenSecrets.set(full, value);
  return value;
}

function create(call: Permitted): unknown {
  const { params } = call;
  const { userid, tokenid, full } = subject(call);
  if (requireUser(call.state.users, userid).tokens?.has(tokenid)) {
    throw new ParamError({ tokenid: "Token already exists." });
  }
  const info: Record<string, unknown> = {
    privsep: params.privsep === undefined ? 1 : Number(params.privsep),
  };
  if (params.expire !== undefined) info.expire = Number(params.expire);
  if (isTrue(params.comment)) info.comment = params.comment;
  let value = "";
  call.state.changeUsers("generating token failed", (cfg) => {
    const token: Token = { privsep: isTrue(info.privsep), expire: Number(info.expire ?? 0) };
    if (params.comment !== undefined && isTrue(params.comment)) token.comment = params.comment;
    requireUser(cfg, userid);
    setToken(cfg, userid, tokenid, token);
    value = newValue(call, full);
  });
  return { info, value, "full-tokenid": full };
}

function change(call: Permitted, token: Token): void {
  const { params } = call;
  if (params.privsep !== undefined) token.privsep = isTrue(params.privsep);
  if (params.expire !== undefined) token.expire = Number(params.expire);
  if (params.comment !== undefined) token.comment = params.comment;
  for (const option of splitList(params.delete)) {
    if (option !== "comment") throw new ParamError({ delete: `unknown option '${option}'` });
    delete token.comment;
  }
  if (token.comment === "") delete token.comment;
}

function update(call: Permitted): unknown {
  const { userid, tokenid, full } = subject(call);
  requireToken(call.state.users, userid, tokenid);
  let answer: Record<string, unknown> = {};
  call.state.changeUsers("updating token info failed", (cfg) => {
    const token = { ...requireToken(cfg, userid, tokenid) };
    change(call, token);
    setToken(cfg, userid, tokenid, token);
    answer = tokenInfo(token);
    if (isTrue(call.params.regenerate)) {
      answer = { ...answer, value: newValue(call, full), "full-tokenid": full };
    }
  });
  return answer;
}

function remove(call: Permitted): null {
  const { userid, tokenid, full } = subject(call);
  requireToken(call.state.users, userid, tokenid);
  call.state.changeUsers("deleting token failed", (cfg) => {
    setToken(cfg, userid, tokenid, null);
    call.state.tokenSecrets.delete(full);
  });
  return null;
}

const parameters: Schema = { userid: USERID, tokenid: TOKENID };

export const tokens: Methods = {
  GET: { permission, parameters: { userid: USERID }, run: list },
};

export const token: Methods = {
  GET: { permission, parameters, run: read },
  POST: { protected: true, permission, parameters: { ...parameters, ...INFO }, run: create },
  PUT: {
    protected: true,
    permission,
    parameters: {
      ...parameters,
      ...INFO,
      regenerate: { type: "boolean", optional: true },
      delete: { type: "string", format: "configid", list: true, optional: true },
    },
    run: update,
  },
  DELETE: { protected: true, permission, parameters, run: remove },
};
