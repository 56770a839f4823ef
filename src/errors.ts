/**
 * Every failure this program can report, in one place. A code never changes its meaning; people
 * search for it, alert on it (`pve_entra_agent_errors_total{code}`) and find its row in
 * `docs/errors.md`. `next` says what an administrator does about it.
 *
 * level `error`: something promised did not happen. level `warning`: everything promised
 * happened, and somebody should still look.
 */
export interface ErrorEntry {
  readonly level: "error" | "warning";
  readonly summary: string;
  readonly next: string;
}

const error = (summary: string, next: string): ErrorEntry => ({ level: "error", summary, next });
const warning = (summary: string, next: string): ErrorEntry => ({
  level: "warning",
  summary,
  next,
});

export const ERRORS = {
  // -- usage and configuration
  USAGE: error("The command line is wrong.", "Run `pve-entra-agent --help`."),
  CONFIG_UNREADABLE: error(
    "The configuration file cannot be read.",
    "Check that the file exists and that the service's user may read it.",
  ),
  CONFIG_SYNTAX: error(
    "The configuration is not valid TOML.",
    "Correct the line named in the message.",
  ),
  CONFIG_INVALID: error(
    "The configuration says something that cannot be meant.",
    "Correct each line named in the message; `man pve-entra-agent.toml` has every key.",
  ),
  CONFIG_UNSAFE: error(
    "Others may write the configuration, a credential or the state folder, or read a credential.",
    "Take the permission away with the chmod or chown that the message names.",
  ),
  CONFIG_RELOAD_FAILED: error(
    "The changed configuration is bad; the one before stays in force.",
    "Correct the file and run `systemctl reload pve-entra-agent` again.",
  ),
  CREDENTIAL_INVALID: error(
    "A credential file does not hold what it should.",
    "Write the credential anew as the message says, and restart the service; its content is never shown.",
  ),
  ETC_PVE_ABSENT: error(
    "A file that the configuration names is not there, and neither is anything of /etc/pve.",
    "Look at `systemctl status pve-cluster`. A start is tried again by itself; a running service needs a restart.",
  ),
  CREDENTIAL_ENDS_SOON: warning(
    "The agent's own credential for Entra ends soon.",
    "Add a new certificate or secret to the agent app, put it in the credential file, and restart the service.",
  ),

  // -- Entra
  ENTRA_UNREACHABLE: error(
    "Entra or Microsoft Graph could not be reached.",
    "Check the network, DNS, proxy and CA named in the message; the next pass tries again.",
  ),
  ENTRA_SIGN_IN_REFUSED: error(
    "Entra refused the agent's own sign-in.",
    "Look up the AADSTS code in the message; check tenant_id, client_id and the agent's credential.",
  ),
  ENTRA_FORBIDDEN: error(
    "Microsoft Graph refused a request for lack of permission.",
    "Grant the agent app the application permission that the message names, with admin consent.",
  ),
  ENTRA_THROTTLED: error(
    "Microsoft Graph throttled the agent for longer than it waits.",
    "Wait for the next pass; if it stays, find out what else uses the tenant's request budget.",
  ),
  ENTRA_BAD_ANSWER: error(
    "Entra or Microsoft Graph answered something that cannot be right.",
    "Nothing was taken away because of it. If it stays, send the request id to Microsoft's support.",
  ),
  ENTRA_REFUSED: error(
    "Microsoft Graph refused a request.",
    "Read Graph's own code in the message; the request id is what Microsoft's support asks for.",
  ),
  ENTRA_FOREIGN_HOST: error(
    "An answer tried to send the agent to another host.",
    "Check authority and graph in the configuration and any proxy in between.",
  ),
  ENTRA_PROPERTIES_NULL: error(
    "Members came without their properties: the agent app lacks User.Read.All.",
    "Grant User.Read.All (application) to the agent app with admin consent.",
  ),
  ENTRA_GROUP_MISSING: error(
    "A mapped Entra group does not exist (or has not replicated yet).",
    "Correct the object id in the mapping, or remove the mapping. Nobody is removed because of it.",
  ),
  ENTRA_GROUP_HIDDEN: error(
    "A mapped Entra group hides its members.",
    "Grant Member.Read.Hidden to the agent app, or map a group without HiddenMembership.",
  ),
  ENTRA_APP_NOT_FOUND: error(
    "The SSO app registration was not found.",
    "Check the realm's client_id and that the agent app may read the registration.",
  ),
  ENTRA_NOT_OWNER: error(
    "The agent app is not an owner of the SSO app, so it may not change its secrets.",
    "Add the agent's service principal as an owner of the SSO app.",
  ),

  // -- Proxmox VE
  PVE_UNREACHABLE: error(
    "The Proxmox VE API could not be reached.",
    "Check that pveproxy and pvedaemon run, and the url.",
  ),
  PVE_CERTIFICATE: error(
    "The certificate of the Proxmox VE API is not the one expected.",
    "Set ca_file, server_name or fingerprint to what the node really serves.",
  ),
  PVE_UNAUTHORIZED: error(
    "Proxmox VE refused the agent's API token.",
    "Check token_id and the token file, and that token and user are enabled and unexpired.",
  ),
  PVE_FORBIDDEN: error(
    "Proxmox VE refused a request for lack of privilege.",
    "Grant user and token the privilege and path that the message names.",
  ),
  PVE_NO_PRIVILEGE: error(
    "The token may not see everything, so an empty list could mean anything.",
    "Grant user and token the privilege that the message names.",
  ),
  PVE_REFUSED: error(
    "Proxmox VE refused a write.",
    "Read PVE's own words in the message. Everything that does not depend on it was still done.",
  ),
  PVE_NO_QUORUM: error(
    "The cluster has no quorum, so nothing can be written.",
    "Restore quorum; the next pass goes on by itself.",
  ),
  PVE_LOCKED: error(
    "Another process holds PVE's configuration lock.",
    "Wait; if it stays, find the process that holds it.",
  ),
  PVE_OUTCOME_UNKNOWN: error(
    "A write was sent and no answer came, so it may or may not have happened.",
    "Nothing to do: the next pass looks again.",
  ),
  PVE_BAD_ANSWER: error(
    "Proxmox VE answered something that cannot be right.",
    "Check that the url points at PVE's own API and that its version is supported.",
  ),
  PVE_STALE_DIGEST: error(
    "domains.cfg was changed by somebody else at the same moment.",
    "Nothing to do: it is read again and tried again.",
  ),
  PVE_UNSAFE_ID: error(
    "A name would be mangled by Proxmox VE and was not sent.",
    "Rename the object that the message names.",
  ),

  // -- the realm
  REALM_MISSING: error("The realm does not exist in Proxmox VE.", "Create it or correct its name."),
  REALM_NOT_OPENID: error(
    "The realm is not an OpenID Connect realm.",
    "Name an OpenID realm in [[realm]].",
  ),
  REALM_CLIENT_ID: error(
    "The realm's client-id is not the configured one.",
    "Find out who changed the realm; correct the realm or client_id.",
  ),
  REALM_ISSUER: error(
    "The realm's issuer-url does not belong to the configured tenant.",
    "Find out who changed the realm; set issuer-url to <authority>/<tenant_id>/v2.0.",
  ),
  REALM_USERNAME_CLAIM: error(
    "The realm's username-claim does not let the agent compute userids.",
    "Create the realm anew with username-claim oid or upn (or allow email_claim).",
  ),
  REALM_GROUPS_CLAIM: error(
    "The realm's own groups-claim could write groups that the agent manages.",
    "Remove groups-claim and groups-overwrite from the realm.",
  ),

  // -- rotation
  SECRET_REFUSED: error(
    "Entra refuses the realm's client secret: nobody can sign in through the realm.",
    "The agent rotates at once where rotate = true; else set a new client-key by hand.",
  ),
  SSO_APP_REFUSED: error(
    "Entra refuses the realm's app itself: nobody can sign in through the realm.",
    "Look up the AADSTS code in the message; enable the app, or see who removed it from the tenant.",
  ),
  SECRET_UNPROVED: warning(
    "The realm's client secret could not be proved just now.",
    "Read the reason in the message; the next pass proves again.",
  ),
  SECRET_UNLISTED: warning(
    "Entra accepts the realm's client secret but does not list it, so its end is unknown.",
    "Nothing to do: it is replication, or somebody removed the secret; after an hour it is renewed.",
  ),
  SECRET_ENDS_SOON: warning(
    "The realm's client secret is near its end and was not replaced.",
    "Read the other findings of this realm; where there is none, run `pve-entra-agent rotate`.",
  ),
  ROTATION_PROOF_FAILED: error(
    "A new secret was not accepted steadily within the time allowed; PVE keeps the old one.",
    "Nothing to do: it is proved again in a later pass before another is made.",
  ),
  ROTATION_ROLLED_BACK: error(
    "The secret written to the realm was refused, so the one before was put back.",
    "Look at the history of this realm, then run `pve-entra-agent rotate`.",
  ),
  ROTATION_POLICY_FORBIDS: error(
    "An app management policy of the tenant forbids client secrets.",
    "Exempt the SSO app from the policy that the message names.",
  ),
  ROTATION_LIFETIME_CAPPED: warning(
    "An app management policy caps the lifetime of secrets below the configured one.",
    "Lower rotation.lifetime, or exempt the SSO app from the policy.",
  ),
  ROTATION_TOO_MANY_SECRETS: warning(
    "The SSO app carries five or more secrets of this realm.",
    "Remove the unused ones in the portal; scheduled rotations wait until then.",
  ),
  ROTATION_STOPPED: error(
    "The SSO app carries twenty or more secrets of this realm; no more are made.",
    "Find out what makes them, remove the unused ones in the portal, then rotate.",
  ),
  ROTATION_TOO_OFTEN: error(
    "Three forced rotations within an hour did not help; the agent waits.",
    "Something else removes or replaces the secret: look at the app's audit log.",
  ),
  ROTATION_KEY_CHANGED: warning(
    "Somebody changed the realm's client-key during the rotation; theirs stays.",
    "Nothing to do if it was meant; the next pass judges the key it finds.",
  ),
  ROTATION_REMOVE_FAILED: warning(
    "An old secret could not be removed.",
    "Nothing to do: it is tried again, and the secret ends by itself.",
  ),
  ROTATION_FOREIGN_SECRET: warning(
    "The realm's secret was not made by this agent, so it will not be removed by it.",
    "Remove it in the portal once the new one is in use.",
  ),

  // -- synchronisation
  SYNC_PERSON_SKIPPED: warning(
    "A person of a mapped group is given nothing.",
    "See the reason in the message: userid impossible, guest, or two people with one name.",
  ),
  SYNC_DISAGREES: warning(
    "The group's list and the person's own side disagree; the person stays as they are.",
    "Nothing to do: replication. If it stays for hours, look at the group in the portal.",
  ),
  SYNC_GROUP_UNMARKED: error(
    "A group of the mapping's name exists and is not ours.",
    "Set adopt = true in the mapping to take it over, or choose another name.",
  ),
  SYNC_MARK_MISSING: error(
    "A mapped group lost its mark; additions stop.",
    "Put the mark back at the end of the group's comment, or set adopt = true.",
  ),
  SYNC_MAX_MEMBERS: error(
    "A mapping would exceed max_members, or is privileged and has none; nobody is added.",
    "Set or raise max_members in the mapping if that many people are meant.",
  ),
  SYNC_NO_FALLBACK: error(
    "No administrator outside the realm is left, so nothing is added.",
    "Enable root@pam, or give a pam or pve user Administrator on /.",
  ),
  SYNC_DATABASE_FULL: error(
    "The cluster's user database would pass 80 % of its 1 MiB; additions wait.",
    "Remove unused users, shorten comments, or map smaller groups.",
  ),
  SYNC_NO_SAFE_ORDER: error(
    "No order of writes avoids giving somebody more than before and after; a change waits.",
    "Read the plan: make the change that it names by hand, or approve what it waits for.",
  ),
  SYNC_ROLE_MISSING: error(
    "A role named in the configuration does not exist in Proxmox VE.",
    "Create the role or correct its name.",
  ),
  SYNC_PATH_NOT_ALLOWED: error(
    "The token may not change the ACL of a path that the configuration names.",
    "Grant user and token Permissions.Modify at that path.",
  ),
  SYNC_COMMENT_FULL: warning(
    "A comment has no room for the mark.",
    "Shorten the comment of the user or group that the message names.",
  ),
  SYNC_CLOCK_OFF: warning(
    "The local clock is off by more than five minutes; deletions wait.",
    "Repair time synchronisation on this node.",
  ),
  SYNC_KEPT: warning(
    "Somebody who left every mapping keeps the account.",
    "See the reason; remove the manual groups or entries if that is not meant.",
  ),
  SYNC_STAYS_DISABLED: warning(
    "A mapped person is disabled in PVE by an administrator and stays so.",
    "Enable the user by hand if that is no longer meant.",
  ),
  SYNC_NAME_REUSED: warning(
    "Another person now has the name of an existing user.",
    "Nothing to do: the old account is disabled, then deleted and made anew.",
  ),
  SYNC_RENAMED: warning(
    "A person was renamed in Entra; manual groups, entries and tokens of the old user stay behind.",
    "Give the new user what the message lists, if it is still meant.",
  ),
  SYNC_UNMARKED_USER: warning(
    "A realm user without mapping is unknown to Entra or disabled there.",
    'Disable or delete the user, or set unmarked = "disable".',
  ),
  SYNC_FOREIGN_MEMBER: warning(
    "A mapped group has members from other realms.",
    "Nothing to do if that is meant: they stay.",
  ),
  SYNC_ACL_EXTRA: warning(
    "A mapped group has ACL entries beside the configured ones.",
    'Approve their removal, or set acl_extra = "keep".',
  ),
  SYNC_OPEN_SESSIONS: warning(
    "Somebody lost privileged rights; consoles and tasks already open go on until they end.",
    "Look for running tasks and open consoles of that person.",
  ),

  // -- guard
  GUARD_HELD: error(
    "A mass change is held.",
    "Look at `pve-entra-agent plan`; if it is right, run `pve-entra-agent sync --approve ID` as root.",
  ),
  APPROVAL_UNKNOWN: error(
    "The approval ID names no held changes.",
    "Run `pve-entra-agent plan` and use the ID that it prints last.",
  ),
  APPROVAL_NOT_ROOT: error("Only root may approve held changes.", "Run the command as root."),

  // -- cluster, journal, daemon
  CLUSTER_NO_WRITER: error(
    "The configuration names none of the cluster's nodes as the one that writes.",
    'Set [cluster] writer = "<node name>" on every node.',
  ),
  CLUSTER_STANDBY: error("Another node is the writer.", "Run the command on the node it names."),
  JOURNAL_CORRUPT: warning(
    "The journal was damaged; it was set aside and a new one begun.",
    "Nothing to do. Approvals are asked again and mass changes are held for a day.",
  ),
  JOURNAL_FOREIGN: warning(
    "The journal came from another machine; it was set aside and a new one begun.",
    "Nothing to do. Secrets that the other machine made are never removed from here.",
  ),
  JOURNAL_TOO_NEW: error(
    "The journal was written by a newer version.",
    "Install that version again, or move the journal away.",
  ),
  JOURNAL_UNWRITABLE: error(
    "The journal cannot be written, so nothing is changed.",
    "Check the state folder: space, owner, permissions.",
  ),
  NODE_LOCKED: error(
    "Another pve-entra-agent of this node is at work.",
    "Wait until it is done, or stop it.",
  ),
  CONTROL_UNREACHABLE: error(
    "The running daemon did not answer on its control socket.",
    "Look at `systemctl status pve-entra-agent`.",
  ),
  CONTROL_LISTEN: error(
    "The control socket cannot be listened on.",
    "Check the runtime folder that the message names: owner, permissions, length of its path.",
  ),
  CONTROL_BUSY: error(
    "Too many orders wait at the running daemon already.",
    "Wait until the orders given before are done.",
  ),
  HEALTH_LISTEN: error(
    "The health address cannot be listened on.",
    "Free the port or set another [health] listen.",
  ),
  NOTIFY_FAILED: warning(
    "A mail to the administrators waits, because the node's mail server did not take it.",
    "Look at the mail server of this node and at [notify] smtp; it is tried again at each pass.",
  ),
  STOPPING: error("The daemon is stopping.", "Run the command again once it is back."),
  INTERNAL: error(
    "A bug in this program.",
    "Please report the message and the journal's last lines.",
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** A failure with a stable code. The message says what happened, never a secret. */
export class AgentError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "AgentError";
    this.code = code;
  }

  /** What an administrator does about it. */
  get next(): string {
    return ERRORS[this.code].next;
  }
}

/** Something that a person should know about a pass: the unit of `status`, health and metrics. */
export interface Finding {
  readonly code: ErrorCode;
  readonly message: string;
  readonly realm?: string;
  /** Whom or what it is about: a userid, a group, a path. Never in health or metrics. */
  readonly subject?: string;
}

/** Turns anything that was thrown into a coded error; what nobody foresaw is `INTERNAL`. */
export function asAgentError(thrown: unknown): AgentError {
  if (thrown instanceof AgentError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AgentError("INTERNAL", message, { cause: thrown });
}
