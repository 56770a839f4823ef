import type { aclKeys, entraKeys, groupKeys, pveKeys, realmKeys } from "./keys.js";
import type { Problems } from "./problems.js";
import type { Section } from "./table.js";

type Realm = Section<typeof realmKeys>;
type Mapping = Section<typeof groupKeys>;
type Acl = Section<typeof aclKeys>;

/** What contradicts itself in a realm, or between realms. */
export function checkRealms(realms: readonly Realm[], problems: Problems): void {
  checkNames("realm", realms, problems);
  checkNames("group", realms.flatMap(mappingsOf), problems);
  checkSharedApps(realms, problems);
  for (const realm of realms) {
    checkUse(realm, problems);
    checkJustInTime(realm, problems);
    for (const mapping of mappingsOf(realm)) {
      checkGuests(realm, mapping, problems);
      checkAcl(mapping, problems);
    }
  }
}

/** The agent must never rotate its own credential away, nor people sign in to the agent app. */
export function checkApps(
  realms: readonly Realm[],
  entra: Section<typeof entraKeys>,
  problems: Problems,
): void {
  for (const realm of realms) {
    const id = realm.values.client_id;
    if (id === undefined || id !== entra.values.client_id) continue;
    problems.add(
      realm.at("client_id"),
      "client_id in [[realm]] is the agent app's own",
      "write the client id of the app that people sign in to",
    );
  }
}

/** A token of a user whom Entra declares could be disabled by the agent that it serves. */
export function checkToken(
  realms: readonly Realm[],
  pve: Section<typeof pveKeys>,
  problems: Problems,
): void {
  const realm = /@([^@!]+)![^!]+$/.exec(pve.values.token_id ?? "")?.[1];
  if (realm === undefined || !realms.some((one) => one.values.name === realm)) return;
  problems.add(
    pve.at("token_id"),
    "token_id in [pve] belongs to a user of a realm that the agent manages",
    'write the token of a user such as "entra-agent@pve"',
  );
}

/**
 * Two realms of one name would be one; two mappings of one name would take turns in emptying the
 * same group.
 */
function checkNames(
  what: "realm" | "group",
  sections: readonly (Realm | Mapping)[],
  problems: Problems,
): void {
  const lines = new Map<string, number>();
  for (const section of sections) {
    const { name } = section.values;
    if (name === undefined) continue;
    const before = lines.get(name);
    if (before !== undefined) tellSecond(what, before, section, problems);
    else lines.set(name, section.at("name").line);
  }
}

function tellSecond(
  what: "realm" | "group",
  line: number,
  section: Realm | Mapping,
  problems: Problems,
): void {
  const instead =
    what === "realm"
      ? "put the mappings of both into one"
      : 'name another group, or list the Entra groups of both in one mapping: entra = ["…", "…"]';
  problems.add(section.at("name"), `this is the name of the ${what} in line ${line} too`, instead);
}

/** One app has one rotation: a realm left out of it would be locked out when the overlap ends. */
function checkSharedApps(realms: readonly Realm[], problems: Problems): void {
  const first = new Map<string, Realm>();
  for (const realm of realms) {
    const { client_id: id, rotate } = realm.values;
    if (id === undefined || rotate === undefined) continue;
    const other = first.get(id);
    first.set(id, other ?? realm);
    if (other === undefined || other.values.rotate === rotate) continue;
    problems.add(
      realm.at("rotate"),
      `rotate in [[realm]] is not that of the realm in line ${other.place.line}, which has the same client_id`,
      "write the same rotate in both",
    );
  }
}

function checkUse(realm: Realm, problems: Problems): void {
  if (realm.values.rotate !== false || realm.has("group")) return;
  problems.add(
    realm.at("rotate"),
    "[[realm]] has neither rotate = true nor a [[realm.group]], so there is nothing to do for it",
    "write rotate = true, or a mapping, or remove the realm",
  );
}

/** Of one Entra group, leaving cannot mean two things. */
function checkJustInTime(realm: Realm, problems: Problems): void {
  const mappings = mappingsOf(realm);
  const steady = new Set(
    mappings.filter((one) => one.values.just_in_time === false).flatMap(entraOf),
  );
  for (const mapping of mappings) {
    if (mapping.values.just_in_time !== true) continue;
    if (!entraOf(mapping).some((id) => steady.has(id))) continue;
    problems.add(
      mapping.at("just_in_time"),
      "just_in_time in [[realm.group]] is true for an Entra group that another mapping has without it",
      "write the same just_in_time in both, or map another Entra group",
    );
  }
}

function checkGuests(realm: Realm, mapping: Mapping, problems: Problems): void {
  if (mapping.values.guests !== "allow" || realm.values.guests !== "skip") return;
  problems.add(
    mapping.at("guests"),
    "guests in [[realm.group]] allows whom the realm skips",
    'write guests = "allow" in [[realm]] too, or remove it here',
  );
}

function checkAcl(mapping: Mapping, problems: Problems): void {
  if (!mapping.has("acl") && mapping.has("acl_extra")) {
    problems.add(
      mapping.at("acl_extra"),
      "acl_extra in [[realm.group]] is without acl, where every entry stays anyway",
      "write acl too, or remove acl_extra",
    );
  }
  const acl = mapping.values.acl ?? [];
  acl.forEach((entry, index) => {
    checkEntry(entry, acl.slice(0, index), problems);
  });
}

/** PVE keeps one entry per path and role: the second of two would replace the first. */
function checkEntry(entry: Acl, before: readonly Acl[], problems: Problems): void {
  const { path, role, propagate } = entry.values;
  if (path === undefined || role === undefined) return;
  const beside = before.filter((one) => one.values.path === path);
  const same = beside.find((one) => one.values.role === role);
  if (same !== undefined) {
    const twice = same.values.propagate === propagate;
    problems.add(
      entry.place,
      `acl of [[realm.group]] has this role on this path ${twice ? "twice" : "with and without propagate"}`,
      "keep one of the two",
    );
  } else if (beside.some((one) => (one.values.role === "NoAccess") !== (role === "NoAccess"))) {
    problems.add(
      entry.place,
      "acl of [[realm.group]] has NoAccess on a path beside another role, which it makes void",
      "keep NoAccess, or the other role",
    );
  }
}

function mappingsOf(realm: Realm): readonly Mapping[] {
  return realm.values.group ?? [];
}

function entraOf(mapping: Mapping): readonly string[] {
  return mapping.values.entra ?? [];
}
