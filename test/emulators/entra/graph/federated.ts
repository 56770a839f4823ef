import { put } from "../directory.js";
import type { FederatedCredential } from "../tables.js";
import {
  applicationIn,
  bothSpellings,
  demandWrite,
  refuseConcurrent,
} from "./application-access.js";
import { type Call, demand, type GraphAnswer, type Route } from "./call.js";
import { bodyOf } from "./body.js";
import { GRAPH_ERRORS } from "./errors.js";
import { READ_APPS } from "./members.js";
import { page, single } from "./query.js";

const SET = "federatedIdentityCredentials";

function list(call: Call): GraphAnswer {
  demand(call, ...READ_APPS);
  const rows = [...call.view.held("federated", applicationIn(call).id).values()];
  return page(call, {
    set: SET,
    items: rows.map((row) => ({ id: row.id, render: () => ({ ...row }) })),
  });
}

function create(call: Call): GraphAnswer {
  const app = applicationIn(call);
  demandWrite(call, app);
  const body = bodyOf(call, {
    name: "text",
    issuer: "text",
    subject: "text?",
    audiences: ["text"],
    description: "text?",
  });
  const { name, issuer, subject, audiences, description } = body;
  if (![name, issuer, subject].every((text) => typeof text === "string" && text !== "")) {
    throw GRAPH_ERRORS.bad("Properties 'name', 'issuer' and 'subject' are required.");
  }
  refuseConcurrent(call, app);
  const row: FederatedCredential = {
    id: call.service.random.uuid(),
    name: String(name),
    issuer: String(issuer),
    subject: String(subject),
    audiences: Array.isArray(audiences) ? audiences.map(String) : [],
    description: typeof description === "string" ? description : null,
  };
  call.service.directory.write(put("federated", app.id, row, row.id));
  return single(call, SET, { ...row }, 201);
}

export const federatedRoutes: Route[] = [
  ...bothSpellings({ method: "GET", path: `/${SET}`, handle: list }),
  ...bothSpellings({ method: "POST", path: `/${SET}`, handle: create }),
];
