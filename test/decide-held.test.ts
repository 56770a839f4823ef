/** How many changes wait, and for how many people. */
import t from "tap";
import type { AclPath, GroupId, RoleId, UserId } from "../src/decide/facts.js";
import { countHeld, heldText } from "../src/decide/held.js";
import type { Change, Hold } from "../src/decide/plan.js";

const [anna, bert, cora] = ["anna@entra", "bert@entra", "cora@entra"] as UserId[] as [
  UserId,
  UserId,
  UserId,
];
const group = "ops" as GroupId;
const plain = { realm: "entra", reason: "because" };
const leaves = (userid: UserId): Change => ({ ...plain, kind: "leave", userid, group });
const closes = (userid: UserId): Change => ({
  ...plain,
  kind: "disable-user",
  userid,
  fields: {},
  because: "left",
});
const entry = { group, path: "/vms" as AclPath, role: "PVEVMUser" as RoleId, propagate: true };

function said(...changes: readonly Change[]): string {
  const holds: readonly Hold[] = changes.map((change) => ({ change, because: "the guard" }));
  return heldText(countHeld(holds, "entra"));
}

t.test("a person is counted once, whatever they lose", async (t) => {
  t.equal(said(leaves(anna), closes(anna), leaves(bert)), "3 changes for 2 people");
  t.equal(said(leaves(anna)), "1 change for 1 person");
});

t.test("those who would lose by an entry or a group are counted, too", async (t) => {
  const revoked: Change = { ...plain, kind: "revoke", ...entry, losers: [anna, cora] };
  t.equal(said(revoked, leaves(anna)), "2 changes for 2 people");
});

t.test("what is about nobody, or of another realm", async (t) => {
  t.equal(said({ ...plain, kind: "grant", ...entry }), "1 change");
  t.equal(said({ ...leaves(anna), realm: "lab" }, leaves(bert)), "1 change for 1 person");
});
