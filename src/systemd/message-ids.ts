/** What people search the journal for: `journalctl MESSAGE_ID=…`. An id never changes its meaning. */
export interface EventEntry {
  /** 128 bits, as journald writes them: 32 hex digits. */
  readonly id: string;
  readonly says: string;
}

const event = (id: string, says: string): EventEntry => ({ id, says });

export const EVENTS = {
  STARTED: event("67441ea9a3824b5fab8efea8dcedeff4", "The daemon has started."),
  START_FAILED: event(
    "3db278081550444885b41a745ab6f0a5",
    "The daemon could not start; a wrong configuration is not tried again.",
  ),
  STOPPING: event("d97f3578dcd24225a3ce5adfaa41a6c8", "The daemon is told to stop."),
  NOT_CONFIGURED: event(
    "3309442dedbb4ab2af877072d8715922",
    "Installed, and not configured yet: the service waits.",
  ),
  STANDSTILL: event(
    "ef869d7ab4ed4f6f8bfd81d60d94eace",
    "A pass hangs, or the schedule stands still: the watchdog will restart the service.",
  ),
  RELOADED: event("05cff87b9c204b6f9d9e0fa74cb4070e", "A changed configuration is in force."),
  RELOAD_FAILED: event(
    "bb4088507cc649288ad3d2729199a3f1",
    "A changed configuration is bad; the one before stays in force.",
  ),
  SECRET_RENEWED: event(
    "f5243c4b23494f588ff4c25ff41644d2",
    "A realm has a new client secret, proved and written.",
  ),
  SECRET_REFUSED: event(
    "ac5e202adbea46c09d36088d1d0cb5dc",
    "Entra refuses the client secret that a realm holds: nobody can sign in.",
  ),
  ROTATION_FAILED: event(
    "c2cf2c94ba554a85b9d531a6c3d8fb3a",
    "A new client secret could not be made, proved or written.",
  ),
  CHANGES_HELD: event(
    "2ff6955ad64a424fba67b896e3e8bf27",
    "The guard holds changes until somebody approves them.",
  ),
  CHANGES_APPROVED: event("6dd4b35a1519448a8cb1186d442c9135", "Held changes were approved."),
  RIGHTS_TAKEN: event(
    "547a6e6816c04a3db87640327e763d7b",
    "Somebody left a group, or a group lost an entry of the access list.",
  ),
  RIGHTS_GIVEN: event(
    "21e397d72f4f48f980b49422f0aef656",
    "Somebody joined a group, or a group got an entry of the access list.",
  ),
  ACCOUNT_DISABLED: event("66697cb9188942b9a572c172ef4acb74", "An account was disabled."),
  ACCOUNT_ENABLED: event("343590696b254cde90fab03f9bc7b127", "An account was enabled again."),
  ACCOUNT_DELETED: event("d10065e27f05410c99e73a00c443b6b4", "An account was deleted."),
  CREDENTIAL_ENDS: event(
    "172b375914a3419aa08482288caa2f45",
    "The agent's own credential for Entra ends soon.",
  ),
  WRITER: event("2d1ec55b69b24d0a82dbec55fc9ca0e5", "This node writes from now on."),
  STANDBY: event("246cd2d5475948d5a7e03002151b93f2", "Another node writes; this one looks on."),
  RESOLVED: event("ae7502d6cb27495380105405f03fa4e7", "What was complained of is over."),
} as const satisfies Readonly<Record<string, EventEntry>>;

/** Set where the thing happens, as the field `event` of its line in the log. */
export type EventName = keyof typeof EVENTS;

export function isEventName(name: unknown): name is EventName {
  return typeof name === "string" && Object.hasOwn(EVENTS, name);
}
