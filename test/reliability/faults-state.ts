/** A site's state as facts that can be told apart, and who keeps what all the while. */
import { allPaths, effectivePrivileges, parseUserCfg } from "../emulators/pve/index.js";
import type { UserCfg } from "../emulators/pve/index.js";
import { encodeUtf8 } from "../emulators/pve/perl.js";
import { readRealm } from "../emulators/signin/realm.js";
import type { Site } from "../support/site.js";

/** What there is, without the values of secrets and without what only dates tell apart. */
export interface Picture {
  readonly userCfg: string;
  /** The realm's key is not the one that it held when the step began. */
  readonly keyIsNew: boolean;
  /** Of the secrets that the app had when the step began, those that are left. */
  readonly kept: readonly string[];
  /** How many secrets were added since. */
  readonly added: number;
}

/** The realm's key and the app's secrets as a step begins. */
export interface SecretsThen {
  readonly key: string;
  readonly keyIds: readonly string[];
}

export function keyOf({ pve }: Pick<Site, "pve">): string {
  return readRealm(pve.domainsCfg(), "entra").clientKey ?? "";
}

export function secretsNow(site: Site): SecretsThen {
  const keyIds = site.entra.world.secretsOf(site.sso.id).map(({ keyId }) => keyId);
  return { key: keyOf(site), keyIds };
}

export function pictureOf(site: Site, then: SecretsThen): Picture {
  const { key, keyIds } = secretsNow(site);
  const kept = then.keyIds.filter((id) => keyIds.includes(id));
  const userCfg = site.pve.userCfg();
  return { userCfg, keyIsNew: key !== then.key, kept, added: keyIds.length - kept.length };
}

export function samePicture(one: Picture, other: Picture): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** One fact of user.cfg, and whom and which groups it is about. */
interface Fact {
  readonly text: string;
  readonly about: readonly string[];
}

function factsOf(userCfg: string): ReadonlyMap<string, Fact> {
  const facts = userCfg
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line): Fact[] => {
      const [kind, name = "", third = "", fourth = "", fifth = ""] = line.split(":");
      const listed = (text: string): string[] => text.split(",").filter((one) => one !== "");
      if (kind === "group") {
        const members = listed(third).map((user) => ({
          text: `${user} is in ${name}`,
          about: [name, user],
        }));
        return [{ text: `group ${name} (${fourth})`, about: [name] }, ...members];
      }
      if (kind === "acl") {
        return listed(fourth).map((holder) => ({
          text: `${holder} has ${fifth} at ${third} (${name})`,
          about: [holder.replace("@", "")],
        }));
      }
      return [{ text: line, about: [name.split("!")[0] ?? name] }];
    });
  return new Map(facts.map((fact) => [fact.text, fact]));
}

/** Facts that only one of the two has. */
export function differences(one: string, other: string): readonly Fact[] {
  const [here, there] = [factsOf(one), factsOf(other)];
  return [
    ...[...here.values()].filter(({ text }) => !there.has(text)),
    ...[...there.values()].filter(({ text }) => !here.has(text)),
  ];
}

/** Groups of a user, out of user.cfg. */
export function groupsOf(userCfg: string, userid: string): readonly string[] {
  return userCfg
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([kind, , members]) => kind === "group" && members?.split(",").includes(userid))
    .map(([, name = ""]) => name);
}

/** What everybody holds before as well as afterwards, and so at every moment in between (P4). */
export class Keepers {
  readonly #keeps: readonly { who: string; path: string; privileges: ReadonlySet<string> }[];

  constructor(old: string, wanted: string) {
    const [before, after] = [read(old), read(wanted)];
    const paths = new Set([...allPaths(before), ...allPaths(after)]);
    this.#keeps = [...before.users.keys()].flatMap((who) =>
      [...paths].flatMap((path) => {
        const then = effectivePrivileges(after, who, path);
        const privileges = [...effectivePrivileges(before, who, path)].filter((p) => then.has(p));
        return privileges.length === 0 ? [] : [{ who, path, privileges: new Set(privileges) }];
      }),
    );
  }

  /** How many people keep anything; a check of nobody would prove nothing. */
  get people(): number {
    return new Set(this.#keeps.map(({ who }) => who)).size;
  }

  /** Who has lost what, in words; the moment's disabling of P3 is the one exception. */
  losses(userCfg: string): readonly string[] {
    const cfg = read(userCfg);
    return this.#keeps.flatMap(({ who, path, privileges }) => {
      if (/ moment\]$/.test(cfg.users.get(who)?.comment ?? "")) return [];
      const now = effectivePrivileges(cfg, who, path);
      const lost = [...privileges].filter((privilege) => !now.has(privilege));
      return lost.length === 0 ? [] : [`P4: ${who} lost ${lost.join(", ")} at ${path}`];
    });
  }
}

function read(userCfg: string): UserCfg {
  return parseUserCfg(encodeUtf8(userCfg));
}
