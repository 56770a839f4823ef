/*
 * Privileges and built-in roles of PVE 9. A role is made from the privileges of a subject, by rank:
 * an Admin role holds admin, user and audit ranks, a User role user and audit, the auditor all
 * audit ranks, and nobody but Administrator the root ranks.
 */
interface Ranks {
  root?: string[];
  admin?: string[];
  user?: string[];
  audit?: string[];
}

const SUBJECTS: Record<string, Ranks> = {
  VM: {
    admin: [
      "VM.Config.Disk",
      "VM.Config.CPU",
      "VM.Config.Memory",
      "VM.Config.Network",
      "VM.Config.HWType",
      "VM.Config.Options",
      "VM.Allocate",
      "VM.Clone",
      "VM.GuestAgent.Unrestricted",
      "VM.Migrate",
      "VM.Replicate",
      "VM.Snapshot",
      "VM.Snapshot.Rollback",
    ],
    user: [
      "VM.Config.CDROM",
      "VM.Config.Cloudinit",
      "VM.Console",
      "VM.Backup",
      "VM.GuestAgent.FileRead",
      "VM.GuestAgent.FileSystemMgmt",
      "VM.GuestAgent.FileWrite",
      "VM.PowerMgmt",
    ],
    audit: ["VM.Audit", "VM.GuestAgent.Audit"],
  },
  Sys: {
    root: ["Sys.PowerMgmt", "Sys.Modify", "Sys.Incoming", "Sys.AccessNetwork"],
    admin: ["Sys.Console", "Sys.Syslog"],
    audit: ["Sys.Audit"],
  },
  Datastore: {
    admin: ["Datastore.Allocate", "Datastore.AllocateTemplate"],
    user: ["Datastore.AllocateSpace"],
    audit: ["Datastore.Audit"],
  },
  SDN: { admin: ["SDN.Allocate"], user: ["SDN.Use"], audit: ["SDN.Audit"] },
  User: {
    root: ["Realm.Allocate"],
    admin: ["User.Modify", "Group.Allocate", "Realm.AllocateUser"],
  },
  Pool: { admin: ["Pool.Allocate"], user: ["Pool.Audit"], audit: ["Pool.Audit"] },
  Mapping: { admin: ["Mapping.Modify"], user: ["Mapping.Use"], audit: ["Mapping.Audit"] },
};

type RoleTable = Map<string, ReadonlySet<string>>;

function builtInRoles(): RoleTable {
  const roles = new Map<string, Set<string>>([
    ["NoAccess", new Set()],
    ["Administrator", new Set(["Permissions.Modify"])],
  ]);
  const grant = (role: string, privileges: string[]): void => {
    const held = roles.get(role) ?? new Set<string>();
    privileges.forEach((privilege) => held.add(privilege));
    roles.set(role, held);
  };
  for (const [subject, ranks] of Object.entries(SUBJECTS)) {
    const { root = [], admin = [], user = [], audit = [] } = ranks;
    grant("Administrator", [...root, ...admin, ...user, ...audit]);
    grant(`PVE${subject}Admin`, [...admin, ...user, ...audit]);
    grant("PVEAdmin", [...admin, ...user, ...audit]);
    if (user.length > 0) grant(`PVE${subject}User`, [...user, ...audit]);
    if (audit.length > 0) grant("PVEAuditor", audit);
  }
  // The one exception: changing mappings is for Administrator and PVEMappingAdmin alone.
  roles.get("PVEAdmin")?.delete("Mapping.Modify");
  roles.set("PVETemplateUser", new Set(["VM.Audit", "VM.Clone"]));
  return roles;
}

/** Roles that PVE makes itself; they are in no file and nobody can change them. */
export const BUILT_IN_ROLES: RoleTable = builtInRoles();

/** Every privilege there is: what Administrator holds. */
export const PRIVILEGES: ReadonlySet<string> = BUILT_IN_ROLES.get("Administrator") ?? new Set();
