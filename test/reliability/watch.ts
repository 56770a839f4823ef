/**
 * Looks at both emulators after each of their writes and says in words where a promise fell:
 * P1 (a sign-in with the realm's key works) and P3 (nobody holds more than before and after give).
 * It asks the emulators' own truth and shares no code with the program.
 */
import { allPaths, effectivePrivileges, parseUserCfg } from "../emulators/pve/index.js";
import type { UserCfg, WriteEvent } from "../emulators/pve/index.js";
import { encodeUtf8 } from "../emulators/pve/perl.js";
import { readRealm } from "../emulators/signin/realm.js";
import type { Site } from "../support/site.js";

export type Watched = Pick<Site, "clock" | "entra" | "pve" | "sso">;

export interface WatchOptions {
  /** user.cfg before the work began. */
  readonly old: string;
  /** user.cfg as the whole of the work leaves it where nothing disturbs it. */
  readonly wanted: string;
  /** Absent: `entra`. */
  readonly realm?: string;
}

export interface Watch {
  /** One sentence for each breach, in their order. */
  readonly breaches: readonly string[];
  /** How many writes were looked at. */
  readonly writes: number;
  /** What happens now, to stand at the beginning of each sentence. */
  now(happens: string): void;
  /** A state that somebody else made: what it gives may be held, too. */
  allow(userCfg: string): void;
  stop(): void;
}

/** Watches until `stop`. */
export function watch(site: Watched, { old, wanted, realm = "entra" }: WatchOptions): Watch {
  const breaches: string[] = [];
  let writes = 0;
  let happens = "";
  const rights = new Rights();
  rights.allow(old);
  rights.allow(wanted);
  const tell = (write: string, said: readonly string[]): void => {
    const where = happens === "" ? "" : `${happens}; `;
    for (const text of said) breaches.push(`${where}after ${write}: ${text}`);
  };
  const ends = [
    site.pve.onWrite((event) => {
      writes += 1;
      const said = [...brokenKey(site, event, realm)];
      if (event.userCfgBefore !== event.userCfgAfter) {
        said.push(...rights.excess(event.userCfgAfter, site.clock.now()));
      }
      tell(`${event.method} ${event.path}`, said);
    }),
    site.entra.onWrite(({ method, path }) => {
      writes += 1;
      tell(`${method} ${path}`, removedKey(site, realm));
    }),
  ];
  return {
    breaches,
    get writes() {
      return writes;
    },
    now: (what) => void (happens = what),
    allow: (userCfg) => rights.allow(userCfg),
    stop: () => ends.forEach((end) => end()),
  };
}

// ---------------------------------------------------------------- P1

/**
 * A realm with which nobody could sign in. Strictly: Entra's truth holds its key for its client
 * id, the key's time has come and is not over, and *every* replica has learnt of it, be it one
 * that the proof never met. Only a replica that knew the key and forgets it for a while is let
 * pass: nobody who writes could prevent that (docs/decisions/0009).
 */
export function whyRefused(site: Watched, domainsCfg: string, realm: string): string | undefined {
  const { entra, sso, clock } = site;
  const held = readRealm(domainsCfg, realm);
  if (held.clientId !== sso.appId) return "the realm names another app";
  if (held.issuerUrl !== entra.issuer) return "the realm names another issuer";
  const key = held.clientKey ?? "";
  const hint = `the realm's key (${key.slice(0, 3)}…)`;
  const secret = entra.world.secretsOf(sso.id).find(({ secretText }) => secretText === key);
  if (secret === undefined) return `Entra has no secret that is ${hint}`;
  if (clock.now() >= secret.end) return `${hint} has ended`;
  if (clock.now() < secret.start) return `the time of ${hint} has not come`;
  const learnt = entra.world.directory.learnt("secret", sso.id, secret.keyId);
  return learnt ? undefined : `some replica has yet to learn ${hint}`;
}

/** A write is at fault for what it put there, or for breaking what worked until then. */
function brokenKey(site: Watched, event: WriteEvent, realm: string): string[] {
  if (event.domainsCfgBefore === event.domainsCfgAfter) return [];
  const why = whyRefused(site, event.domainsCfgAfter, realm);
  if (why === undefined) return [];
  const keyOf = (cfg: string): string => readRealm(cfg, realm).clientKey ?? "";
  const put = keyOf(event.domainsCfgBefore) !== keyOf(event.domainsCfgAfter);
  const worked = whyRefused(site, event.domainsCfgBefore, realm) === undefined;
  return put || worked ? [`P1: ${why}`] : [];
}

/** Of a write at Entra: whether it took away the very secret that the realm holds. */
function removedKey(site: Watched, realm: string): string[] {
  const why = whyRefused(site, site.pve.domainsCfg(), realm);
  if (why === undefined) return [];
  const { log, truth } = site.entra.world.directory;
  const key = readRealm(site.pve.domainsCfg(), realm).clientKey;
  const newest = log.at(-1);
  const made = log.find(({ value }) => isSecret(value) && value.secretText === key);
  const gone = made !== undefined && truth.get("secret", made.a, made.b) === undefined;
  const byThis = newest?.table === "secret" && newest.b === made?.b;
  return gone && byThis ? [`P1: ${why}`] : [];
}

function isSecret(value: unknown): value is { readonly secretText: string } {
  return typeof value === "object" && value !== null && "secretText" in value;
}

// ---------------------------------------------------------------- P3

/** What people and API tokens hold in the states that were allowed. */
class Rights {
  readonly #allowed: UserCfg[] = [];
  readonly #texts = new Set<string>();

  allow(userCfg: string): void {
    if (this.#texts.has(userCfg)) return;
    this.#texts.add(userCfg);
    this.#allowed.push(read(userCfg));
  }

  /** Each privilege at a path that somebody holds here and in no allowed state. */
  excess(userCfg: string, now: number): string[] {
    if (this.#texts.has(userCfg)) return [];
    const cfg = read(userCfg);
    const paths = new Set([cfg, ...this.#allowed].flatMap((one) => allPaths(one)));
    const said: string[] = [];
    for (const who of holders(cfg)) {
      for (const path of paths) {
        const allowed = new Set(
          this.#allowed.flatMap((one) => [...effectivePrivileges(one, who, path, now)]),
        );
        const more = [...effectivePrivileges(cfg, who, path, now)].filter((p) => !allowed.has(p));
        if (more.length > 0) said.push(`P3: ${who} holds ${more.join(", ")} at ${path}`);
      }
    }
    return said;
  }
}

/** What somebody lacks now that they hold both in `old` and in `wanted`; in words. */
export function shortfall({ clock, pve }: Watched, old: string, wanted: string): string[] {
  const [is, was, becomes] = [pve.userCfg(), old, wanted].map(read) as [UserCfg, UserCfg, UserCfg];
  const paths = new Set([...allPaths(was), ...allPaths(becomes)]);
  const now = clock.now();
  return holders(was).flatMap((who) =>
    [...paths].flatMap((path) => {
      const has = effectivePrivileges(is, who, path, now);
      const keeps = effectivePrivileges(becomes, who, path, now);
      const lost = [...effectivePrivileges(was, who, path, now)].filter(
        (privilege) => keeps.has(privilege) && !has.has(privilege),
      );
      return lost.length === 0 ? [] : [`${who} lacks ${lost.join(", ")} at ${path}`];
    }),
  );
}

function read(userCfg: string): UserCfg {
  return parseUserCfg(encodeUtf8(userCfg));
}

/** Userids and full token ids. */
function holders(cfg: UserCfg): readonly string[] {
  return [...cfg.users].flatMap(([userid, { tokens }]) => [
    userid,
    ...[...(tokens?.keys() ?? [])].map((name) => `${userid}!${name}`),
  ]);
}
