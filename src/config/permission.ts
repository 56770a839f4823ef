import type { Stats } from "node:fs";

/** What must not happen to a file or folder by the hand of others. */
export type Keep =
  /** Nobody else reads it, nobody else writes it: a credential. */
  | "secret"
  /** Nobody else writes it: the configuration, a CA, the state folder, any folder above. */
  | "unwritten";

/** Too much that others may do, and the command that takes it away. */
export interface Weakness {
  readonly what: string;
  readonly command: string;
}

const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;
const GROUP_WRITE = 0o020;
const GROUP_READ = 0o040;
const STICKY = 0o1000;
const ROOT = 0;

export const OF_ANOTHER = "belongs to another user";

/** Whether it is neither root's nor ours, for us who are not root. */
export function isOfAnother(uid: number, user: number): boolean {
  return user !== ROOT && uid !== ROOT && uid !== user;
}

/**
 * What others may do to a file or folder that they must not, or undefined where all is well.
 *
 * A group may read a credential (0640 root:pve-entra-agent is how packages do it, and systemd's own
 * credentials show their ACL in the group's bits). A group may write only where it is root's. The
 * owner has to be root or we ourselves; root reads anybody's, since it serves the agent's user.
 * @param user our effective user id
 */
export function weaknessOf(
  path: string,
  stats: Pick<Stats, "mode" | "uid" | "gid">,
  keep: Keep,
  user: number,
): Weakness | undefined {
  const { mode, uid, gid } = stats;
  const shown = shownMode(mode);
  if (isOfAnother(uid, user)) return ofAnother(path);
  if ((mode & OTHERS_WRITE) !== 0) {
    const command = keep === "secret" ? `chmod o= ${quote(path)}` : `chmod o-w ${quote(path)}`;
    return { what: `may be written by others ${shown}`, command };
  }
  if ((mode & GROUP_WRITE) !== 0 && gid !== ROOT) {
    return { what: `may be written by its group ${shown}`, command: `chmod g-w ${quote(path)}` };
  }
  if (keep === "secret" && (mode & OTHERS_READ) !== 0) {
    return { what: `may be read by others ${shown}`, command: `chmod o= ${quote(path)}` };
  }
  return undefined;
}

/**
 * The same for the folder that a file lies in: who may write there may put another file in its
 * place. In a sticky folder such as /tmp only the owner may.
 */
export function folderWeaknessOf(
  path: string,
  stats: Pick<Stats, "mode" | "uid" | "gid">,
  user: number,
): Weakness | undefined {
  const mode =
    (stats.mode & STICKY) === 0 ? stats.mode : stats.mode & ~(OTHERS_WRITE | GROUP_WRITE);
  return weaknessOf(path, { ...stats, mode }, "unwritten", user);
}

/**
 * Why the service, which is not root, would refuse a configuration that root can read. What a group
 * other than root's may read is left alone: the service may have been given that group.
 */
export function unfitFor(
  service: { readonly uid: number; readonly gid: number },
  path: string,
  { mode, uid, gid }: Pick<Stats, "mode" | "uid" | "gid">,
): Weakness | undefined {
  if (isOfAnother(uid, service.uid)) return ofAnother(path);
  const byGroup = gid !== ROOT && (mode & GROUP_READ) !== 0;
  if (uid === service.uid || byGroup || (mode & OTHERS_READ) !== 0) return undefined;
  return {
    what: `may not be read by the service's user ${shownMode(mode)}`,
    command: `chmod o+r ${quote(path)}`,
  };
}

function ofAnother(path: string): Weakness {
  return { what: OF_ANOTHER, command: `chown root ${quote(path)}` };
}

function shownMode(mode: number): string {
  return `(mode ${(mode & 0o7777).toString(8).padStart(4, "0")})`;
}

/** Our effective user id. */
export function ourUser(): number {
  return process.geteuid?.() ?? ROOT;
}

/** A path as it is safe to paste into a shell. */
function quote(path: string): string {
  return /^[\w/.:@%+-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
