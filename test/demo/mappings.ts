/** The `[[realm]]` of the demo's configuration: which Entra group is which group in PVE. */
import type { Organisation } from "./organisation.js";

export interface Variant {
  /** The administrator has let guests in. */
  readonly guests: boolean;
}

export function realmSection({ groups }: Organisation, { guests }: Variant): string {
  const id = (name: string): string => groups.get(name) ?? "";
  return `guests = "${guests ? "allow" : "skip"}"
on_leave = "disable"
delete_after = "30d"

[[realm.group]]
name = "pve-admins"
entra = "${id("PVE Administrators")}"
acl = [ { path = "/", role = "Administrator" } ]
max_members = 10

[[realm.group]]
name = "pve-operators"
entra = "${id("IT Operations")}"
acl = [
  { path = "/vms", role = "PVEVMAdmin" },
  { path = "/storage", role = "PVEDatastoreUser" },
]

[[realm.group]]
name = "pve-developers"
entra = "${id("Engineering")}"
acl = [ { path = "/pool/development", role = "PVEVMUser" } ]

[[realm.group]]
name = "pve-auditors"
entra = "${id("Internal Audit")}"
acl = [ { path = "/", role = "PVEAuditor" } ]
`;
}
