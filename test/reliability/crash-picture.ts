/** What a site looks like to whoever compares two ends: what must differ has one name in both. */
import type { Site } from "../support/site.js";
import { readRealm } from "../emulators/signin/realm.js";

const DAY_MS = 24 * 60 * 60_000;
const PEOPLE = ["user", "group", "member", "deleted"] as const;

export interface Picture {
  /** user.cfg, byte by byte. */
  readonly userCfg: string;
  /** domains.cfg, the key named after the secret that it is. */
  readonly domainsCfg: string;
  /** Entra's people and groups. */
  readonly people: string;
}

/** Key ids that there were when a step began: which secret is a new one. */
export type KeyIds = ReadonlySet<string>;

export function keyIdsOf({ entra, sso }: Site): KeyIds {
  return new Set(entra.world.secretsOf(sso.id).map(({ keyId }) => keyId));
}

export function pictureOf(site: Site, before: KeyIds): Picture {
  const { entra, pve } = site;
  const { truth } = entra.world.directory;
  const key = readRealm(pve.domainsCfg(), "entra").clientKey ?? "";
  const held = secretsOf(site, before).find(({ secretText }) => secretText === key);
  const rows = PEOPLE.map((table) => [table, truth.rows(table)] as const);
  const members = truth.rows("group").map(({ id }) => [id, [...truth.held("member", id).keys()]]);
  return {
    userCfg: pve.userCfg(),
    domainsCfg: pve.domainsCfg().replaceAll(key, `<${held?.called ?? "no secret of Entra's"}>`),
    people: JSON.stringify([rows, members]),
  };
}

/** The app's secrets by kind and age, the one in use told from the others; sorted. */
export function secretKinds(site: Site, before: KeyIds): readonly string[] {
  const key = readRealm(site.pve.domainsCfg(), "entra").clientKey;
  return secretsOf(site, before)
    .map(({ called, secretText }) => `${called}${secretText === key ? ", in use" : ""}`)
    .sort();
}

/** The secrets that were there before and are gone: only its maker may remove one. */
export function goneKeys(site: Site, before: KeyIds): readonly string[] {
  const now = keyIdsOf(site);
  return [...before].filter((keyId) => !now.has(keyId));
}

function secretsOf(
  { entra, sso }: Site,
  before: KeyIds,
): readonly { readonly called: string; readonly secretText: string }[] {
  return entra.world.secretsOf(sso.id).map(({ keyId, displayName, start, end, secretText }) => {
    const age = before.has(keyId) ? "of before" : "new";
    const days = Math.round((end - start) / DAY_MS);
    return { called: `${displayName ?? "by hand"}, ${days} days, ${age}`, secretText };
  });
}

/** Lines that the one has and the other has not. */
export function differences(found: Picture, expected: Picture): readonly string[] {
  return (["userCfg", "domainsCfg", "people"] as const).flatMap((part) => {
    if (found[part] === expected[part]) return [];
    const [is, was] = [found[part].split("\n"), expected[part].split("\n")];
    const more = is.filter((line) => !was.includes(line)).map((line) => `+${line}`);
    const less = was.filter((line) => !is.includes(line)).map((line) => `-${line}`);
    return [`${part} differs: ${[...more, ...less].join(" ")}`];
  });
}
