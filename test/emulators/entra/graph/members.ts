import { directMembers, transitiveMembers } from "../membership.js";
import { type Call, demand, type GraphAnswer, holds, isUuid, param, type Route } from "./call.js";
import { GRAPH_ERRORS } from "./errors.js";
import { page, refuseUnlessAdvanced, selected } from "./query.js";
import { deviceResource, groupResource, principalResource, userResource } from "./resources.js";
import {
  blinded,
  cut,
  DEVICE,
  GROUP,
  type Resource,
  SERVICE_PRINCIPAL,
  type Shape,
  USER,
} from "./shape.js";

/** Objects of any type in one list: with their type, and their properties as far as they may be read. */

const READ_USERS = ["User.Read.All", "Directory.Read.All"] as const;
export const READ_GROUPS = [
  "GroupMember.Read.All",
  "Group.Read.All",
  "Directory.Read.All",
] as const;
export const READ_APPS = [
  "Application.Read.All",
  "Application.ReadWrite.OwnedBy",
  "Application.ReadWrite.All",
  "Directory.Read.All",
] as const;
const READ_DEVICES = ["Device.Read.All", "Directory.Read.All"] as const;

interface Typed {
  shape: Shape;
  full: Resource;
  readable: boolean;
}

function typed(call: Call, id: string): Typed | undefined {
  const { view, service } = call;
  const user = view.get("user", id);
  if (user) return { shape: USER, full: userResource(user), readable: holds(call, ...READ_USERS) };
  const group = view.get("group", id);
  if (group)
    return { shape: GROUP, full: groupResource(group), readable: holds(call, ...READ_GROUPS) };
  const principal = view.get("servicePrincipal", id);
  if (principal) {
    const full = principalResource(view, principal, service.tenantId);
    return { shape: SERVICE_PRINCIPAL, full, readable: holds(call, ...READ_APPS) };
  }
  const device = view.get("device", id);
  return (
    device && {
      shape: DEVICE,
      full: deviceResource(device),
      readable: holds(call, ...READ_DEVICES),
    }
  );
}

const ANY = [USER, GROUP, SERVICE_PRINCIPAL, DEVICE];

/** An object of any type, with `@odata.type` and always with its id; undefined if it is not there. */
export function anyObject(
  call: Call,
  id: string,
  select: string[] | undefined,
): Resource | undefined {
  const found = typed(call, id);
  if (!found) return undefined;
  const { shape, full, readable } = found;
  const resource = { id, ...cut(shape, full, select) };
  const type = { "@odata.type": `#microsoft.graph.${shape.type}` };
  return { ...type, ...(readable ? resource : blinded(resource)) };
}

/** A page of objects of any type. Ids that lead nowhere are left out. */
export function pageOfObjects(call: Call, ids: Iterable<string>): GraphAnswer {
  const select = selected(call, ...ANY);
  const present = [...ids].filter((id) => typed(call, id) !== undefined);
  const items = present.map((id) => ({ id, render: () => anyObject(call, id, select) ?? { id } }));
  return page(call, { set: "directoryObjects", items });
}

/** A page of objects of one type: the cast, which reads the index that may lag. */
function pageOfType(call: Call, ids: Iterable<string>, shape: Shape): GraphAnswer {
  const select = selected(call, shape);
  const items = [...ids]
    .map((id) => ({ id, found: typed(call, id) }))
    .filter((item) => item.found?.shape === shape)
    .map(({ id, found }) => ({
      id,
      render: () => {
        const resource = { id, ...cut(shape, found?.full ?? {}, select) };
        return found?.readable ? resource : blinded(resource);
      },
    }));
  return page(call, { set: `${shape.type}s`, items });
}

/** The group of a path; refuses a malformed id and one that is not there. */
export function groupOf(call: Call): string {
  const id = param(call, "group-id");
  if (!isUuid(id)) throw GRAPH_ERRORS.malformedId(id);
  demand(call, ...READ_GROUPS);
  if (!call.view.get("group", id)) throw GRAPH_ERRORS.notFound(id);
  return id;
}

function refuseFilter(call: Call): void {
  for (const option of ["$filter", "$search", "$orderby"]) {
    if (!call.query.has(option)) continue;
    refuseUnlessAdvanced(call, option);
    throw GRAPH_ERRORS.unsupportedQuery(`The emulator has no ${option} on members.`);
  }
}

type Lister = typeof directMembers;

function listRoutes(name: "members" | "transitiveMembers", cost: number, list: Lister): Route[] {
  const base = `/groups/{group-id}/${name}`;
  const idsIn = (call: Call): Set<string> =>
    list(call.view, groupOf(call), holds(call, "Member.Read.Hidden"));
  const cast =
    (shape: Shape) =>
    (call: Call): GraphAnswer => {
      refuseUnlessAdvanced(call, "The cast");
      const indexed = { ...call, view: call.service.directory.indexView() };
      return pageOfType(indexed, idsIn(indexed), shape);
    };
  return [
    {
      method: "GET",
      path: base,
      cost,
      handle: (call) => {
        refuseFilter(call);
        return pageOfObjects(call, idsIn(call));
      },
    },
    { method: "GET", path: `${base}/graph.user`, cost, handle: cast(USER) },
    { method: "GET", path: `${base}/graph.group`, cost, handle: cast(GROUP) },
    {
      method: "GET",
      path: `${base}/$count`,
      cost,
      handle(call) {
        if (call.headers.consistencylevel?.toLowerCase() !== "eventual") {
          throw GRAPH_ERRORS.unsupportedQuery("$count is not currently supported.");
        }
        const headers = { "content-type": "text/plain" };
        return { status: 200, headers, body: String(idsIn(call).size) };
      },
    },
  ];
}

export const memberRoutes: Route[] = [
  ...listRoutes("members", 3, directMembers),
  ...listRoutes("transitiveMembers", 5, transitiveMembers),
];
