import { type DomainsCfg, parseDomainsCfg, writeDomainsCfg } from "./domains-cfg.js";
import { PlainError, prefixed } from "./errors.js";
import { decodeUtf8, encodeUtf8 } from "./perl.js";
import { parseUserCfg, type UserCfg } from "./user-cfg.js";
import { writeUserCfg } from "./user-cfg-write.js";

/** The most that a file of the cluster file system may hold. */
export const MAX_FILE_BYTES = 1_048_576;
/** From here on user.cfg can be stored and no longer be handed to the daemons. */
export const UNREADABLE_FROM_BYTES = 1_048_553;

/** What is wrong with the cluster, by order. */
export interface Trouble {
  /** false: no quorum, so nothing can be written. */
  quorum: boolean;
  /** Files whose lock somebody else holds. */
  locked: Set<"user.cfg" | "domains.cfg">;
  /** pvedaemon does not run: what it would answer is a 595. */
  daemonDown: boolean;
}

/** The two files of /etc/pve that the API lives on, as bytes, and what only root may read. */
export class PveState {
  #userRaw: string;
  #domainsRaw: string;
  #users: UserCfg | undefined;
  #domains: DomainsCfg | undefined;
  readonly trouble: Trouble = { quorum: true, locked: new Set(), daemonDown: false };
  /** Values of API tokens by full token id. */
  readonly tokenSecrets = new Map<string, string>();
  /** Passwords by userid (realm pve), in clear: the emulator's people have no secrets. */
  readonly passwords = new Map<string, string>();

  constructor(userCfg: string, domainsCfg: string) {
    this.#userRaw = encodeUtf8(userCfg);
    this.#domainsRaw = encodeUtf8(domainsCfg);
  }

  /** user.cfg as text; bytes that are no UTF-8 become U+FFFD. */
  get userCfgText(): string {
    return decodeUtf8(this.#userRaw);
  }

  get domainsCfgText(): string {
    return decodeUtf8(this.#domainsRaw);
  }

  /** user.cfg as a byte string. */
  get userCfgBytes(): string {
    return this.#userRaw;
  }

  get domainsCfgBytes(): string {
    return this.#domainsRaw;
  }

  /** Replaces whole files, as somebody with a shell would. */
  load(files: { userCfg?: string; domainsCfg?: string }): void {
    if (files.userCfg !== undefined) this.#setUsers(encodeUtf8(files.userCfg));
    if (files.domainsCfg !== undefined) this.#setDomains(encodeUtf8(files.domainsCfg));
  }

  /** What user.cfg says; not to be changed. */
  get users(): UserCfg {
    this.#users ??= parseUserCfg(this.#userRaw);
    return this.#users;
  }

  get domains(): DomainsCfg {
    this.#domains ??= parseDomainsCfg(this.#domainsRaw);
    return this.#domains;
  }

  /**
   * Changes user.cfg under its lock: the change sees what the file says now, and whatever it
   * throws leaves the file as it was. Every call rewrites the whole file, changed or not.
   * @param what begins the message of any refusal
   */
  changeUsers(what: string, change: (cfg: UserCfg) => void): void {
    this.#underLock("user.cfg", what, () => {
      const cfg = this.users;
      this.#users = undefined;
      change(cfg);
      this.#setUsers(this.#fitting(writeUserCfg(cfg), "user.cfg"));
    });
  }

  changeDomains(what: string, change: (cfg: DomainsCfg) => void): void {
    this.#underLock("domains.cfg", what, () => {
      const cfg = this.domains;
      this.#domains = undefined;
      change(cfg);
      this.#setDomains(this.#fitting(writeDomainsCfg(cfg), "domains.cfg"));
    });
  }

  /** Changes user.cfg past every lock and ceiling: the world's own doing. */
  editUsers(change: (cfg: UserCfg) => void): void {
    const cfg = this.users;
    this.#users = undefined;
    change(cfg);
    this.#setUsers(writeUserCfg(cfg));
  }

  editDomains(change: (cfg: DomainsCfg) => void): void {
    const cfg = this.domains;
    this.#domains = undefined;
    change(cfg);
    this.#setDomains(writeDomainsCfg(cfg));
  }

  #underLock(file: "user.cfg" | "domains.cfg", what: string, act: () => void): void {
    try {
      const lock = `file-${file.replace(".", "_")}`;
      if (!this.trouble.quorum) throw new PlainError(`cfs-lock '${lock}' error: no quorum!\n`);
      if (this.trouble.locked.has(file)) {
        throw new PlainError(`cfs-lock '${lock}' error: got lock request timeout\n`);
      }
      act();
    } catch (error) {
      throw prefixed(what, error);
    }
  }

  #fitting(raw: string, file: string): string {
    if (raw.length <= MAX_FILE_BYTES) return raw;
    // The number is the worker's process id.
    throw new PlainError(`unable to write '/etc/pve/${file}.tmp.22655' - File too large\n`);
  }

  #setUsers(raw: string): void {
    this.#userRaw = raw;
    this.#users = undefined;
  }

  #setDomains(raw: string): void {
    this.#domainsRaw = raw;
    this.#domains = undefined;
  }
}
