/** Rights by the emulator's oracle, remembered for one file at a time. */
import { allPaths, effectivePrivileges, parseUserCfg } from "../emulators/pve/oracle.js";
import type { UserCfg } from "../emulators/pve/oracle.js";
import { encodeUtf8 } from "../emulators/pve/perl.js";

export function parsed(userCfg: string): UserCfg {
  return parseUserCfg(encodeUtf8(userCfg));
}

/** Every path that matters in any of the files, and one below each that none of them names. */
export function placesOf(...files: readonly UserCfg[]): readonly string[] {
  const paths = new Set(files.flatMap((file) => allPaths(file)));
  for (const path of [...paths]) paths.add(path === "/" ? "/other" : `${path}/other`);
  return [...paths];
}

/** Rights of everybody in a file that no longer changes. */
export class Rights {
  readonly #known = new Map<string, ReadonlySet<string>>();
  readonly #file: UserCfg;
  readonly #now: number;

  constructor(file: UserCfg, now: number) {
    this.#file = file;
    this.#now = now;
  }

  of(who: string, path: string): ReadonlySet<string> {
    const key = `${who} ${path}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const rights = effectivePrivileges(this.#file, who, path, this.#now);
    this.#known.set(key, rights);
    return rights;
  }
}

/** Who can get in without Entra: root@pam, or another administrator on `/` of pam or pve (P7). */
export function waysIn(file: UserCfg, agent: string, now: number): readonly string[] {
  return [...file.users.keys()].filter(
    (who) => /@(pam|pve)$/.test(who) && who !== agent && isAdministrator(file, who, now),
  );
}

/** Effectively Administrator on `/`: `root@pam` needs no entry. */
export function isAdministrator(file: UserCfg, who: string, now: number): boolean {
  const rights = effectivePrivileges(file, who, "/", now);
  const all = file.roles.get("Administrator") ?? new Set(["none"]);
  return [...all].every((privilege) => rights.has(privilege));
}
