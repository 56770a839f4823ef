import fc from "fast-check";
import t from "tap";
import {
  bytesOf,
  USER_DATABASE_LIMIT,
  userDatabaseBytes,
  userDatabaseRoom,
} from "../src/decide/ceiling.js";
import type { Access, AclEntry, PveGroup, PveUser, UserId } from "../src/decide/facts.js";
import type { Write } from "../src/decide/plan.js";
import { recording, recordings, WITHOUT_FACTS } from "./support/facts.js";
import { seedOfRun } from "./reliability/size.js";

// ---------------------------------------------------------------- user.cfg as the API shows it

function decoded(text: string): string {
  return Buffer.from(
    text.replace(/%[0-9A-F]{2}|[^%]/gs, (part) =>
      part.length === 3 && part.startsWith("%")
        ? String.fromCharCode(parseInt(part.slice(1), 16))
        : Buffer.from(part, "utf8").toString("latin1"),
    ),
    "latin1",
  ).toString("utf8");
}

function lines(file: string, kind: string): string[][] {
  return file
    .split("\n")
    .filter((line) => line.startsWith(`${kind}:`))
    .map((line) => line.split(":").slice(1));
}

function parts(list = ""): string[] {
  return list.split(",").filter((part) => part !== "");
}

/** What the agent would read of this file. Pools are not among it. */
function accessOf(file: string): Access {
  const memberships = lines(file, "group").map(([id = "", members]) => ({
    id,
    in: parts(members),
  }));
  const users = lines(file, "user").map(
    ([id = "", enable, expire, first, last, email, text, keys]) => {
      const user: PveUser = {
        userid: id as UserId,
        realm: id.slice(id.lastIndexOf("@") + 1),
        enable: enable === "1",
        expire: Number(expire),
        firstname: decoded(first ?? ""),
        lastname: decoded(last ?? ""),
        email: email ?? "",
        comment: decoded(text ?? ""),
        keys: keys ?? "",
        groups: memberships.filter((group) => group.in.includes(id)).map((group) => group.id),
        tokens: lines(file, "token")
          .filter(([token = ""]) => token.startsWith(`${id}!`))
          .map(([token = "", until, privsep, comment = ""]) => ({
            tokenid: token.slice(id.length + 1),
            expire: Number(until),
            privsep: privsep === "1",
            comment: decoded(comment),
          })),
      };
      return [user.userid, user] as const;
    },
  );
  const groups = lines(file, "group").map(([groupid = "", , comment = ""]) => {
    return [groupid, { groupid, comment: decoded(comment) }] as const;
  });
  return {
    users: new Map(users),
    groups: new Map<string, PveGroup>(groups),
    acl: lines(file, "acl").flatMap(([propagate, path = "", who, roles]) =>
      parts(who).flatMap((one) => parts(roles).map((role) => entry(path, one, role, propagate))),
    ),
    roles: new Map(lines(file, "role").map(([id = "", list]) => [id, new Set(parts(list))])),
    specialRoles: new Set(),
    realms: new Map(),
    own: new Map(),
    ownUser: "entra-agent@pve" as UserId,
  };
}

function entry(path: string, who: string, role: string, propagate: string | undefined): AclEntry {
  const type = who.startsWith("@") ? "group" : who.includes("!") ? "token" : "user";
  const ugid = type === "group" ? who.slice(1) : who;
  return { path, type, ugid, role, propagate: propagate === "1" };
}

// ---------------------------------------------------------------- every recorded file

interface Recording {
  initial?: { "user.cfg": string } | null;
  exchanges?: { name: string; userCfgAfter?: string }[];
}

/** Initial files, which were made by hand and hold spare lines, and all that PVE wrote itself. */
function recordedFiles(): { name: string; file: string }[] {
  return recordings().flatMap((topic) => {
    const { initial, exchanges } = recording<Recording>(topic);
    const states = [{ name: "initial", userCfgAfter: initial?.["user.cfg"] }, ...(exchanges ?? [])];
    return states.flatMap(({ name, userCfgAfter: file }) =>
      file === undefined ? [] : [{ name: `${topic}: ${name}`, file }],
    );
  });
}

/** Bytes of what the reads cannot see, which `user_db_reserve` stands for. */
function unseen(file: string): number {
  const hidden = file.split("\n").filter((line) => line.startsWith("pool:"));
  return hidden.reduce((bytes, line) => bytes + Buffer.byteLength(line) + 1, 0);
}

t.test(
  "P13: the estimate is within 2 % of every user.cfg of the recordings",
  { skip: WITHOUT_FACTS },
  (t) => {
    const files = recordedFiles();
    let worst = 0;
    for (const { name, file } of files) {
      const real = Buffer.byteLength(file) - unseen(file);
      const off = Math.abs(userDatabaseBytes(accessOf(file)) - real) / real;
      worst = Math.max(worst, off);
      if (off > 0.02) t.fail(`${name}: off by ${(off * 100).toFixed(1)} %`);
    }
    t.comment(`${files.length} files, at worst ${(worst * 100).toFixed(2)} % off`);
    t.equal(files.length, 107, "each of them was looked at");
    t.end();
  },
);

t.test("P13: room is 80 % of 1 MiB less the reserve", (t) => {
  t.equal(USER_DATABASE_LIMIT, 1024 * 1024);
  t.equal(userDatabaseRoom(0), 838_860);
  t.equal(userDatabaseRoom(64 * 1024), 838_860 - 65_536);
  t.end();
});

// ---------------------------------------------------------------- what one write costs

const WORLD = accessOf(
  [
    "user:root@pam:1:0::::::",
    "user:entra-agent@pve:1:0::::agent::",
    "token:entra-agent@pve!agent:0:1:the agent%3A its token:",
    "user:anna@x.com@entra:1:0:Anna:Berg:anna@x.com:old::",
    "user:bert@x.com@entra:1:0::::::",
    "",
    "group:admins:anna@x.com@entra,bert@x.com@entra:Admins:",
    "group:users:anna@x.com@entra::",
    "",
    "role:Lab:VM.Audit,VM.PowerMgmt:",
    "",
    "acl:1:/vms/100:@admins,@users:Lab:",
    "",
  ].join("\n"),
);
const ANNA = "anna@x.com@entra" as UserId;
const NEW = "cora@x.com@entra" as UserId;
const user = { firstname: "Ünal", lastname: "B:C%", comment: "日本\n", email: "c@x.com" };

/** The state that PVE has after a write: what the estimate of the write is compared with. */
function after(access: Access, write: Write): Access {
  const users = new Map(access.users);
  const groups = new Map(access.groups);
  let acl = [...access.acl];
  const blank = {
    realm: "entra",
    enable: true,
    expire: 0,
    comment: "",
    firstname: "",
    lastname: "",
  };
  const empty = { ...blank, email: "", keys: "", groups: [], tokens: [] };
  if (write.kind === "create-user") {
    const made = { ...empty, ...write.fields, userid: write.userid, groups: write.groups };
    users.set(write.userid, made);
  } else if (write.kind === "update-user") {
    const old = users.get(write.userid);
    if (old === undefined) return access;
    const kept = old.groups.filter((group) => !write.leave.includes(group));
    users.set(write.userid, {
      ...old,
      ...write.fields,
      groups: [...new Set([...kept, ...write.join])],
    });
  } else if (write.kind === "delete-user") {
    users.delete(write.userid);
  } else if (write.kind === "delete-group") {
    groups.delete(write.group);
    for (const [id, old] of users) {
      users.set(id, { ...old, groups: old.groups.filter((group) => group !== write.group) });
    }
  } else if (write.kind === "acl") {
    const { path, role, propagate } = write;
    acl = acl.filter(
      (old) => old.path !== path || old.role !== role || !write.groups.includes(old.ugid),
    );
    const added = write.groups.map((ugid) => entry(path, `@${ugid}`, role, propagate ? "1" : "0"));
    if (!write.delete) acl.push(...added);
  } else {
    groups.set(write.group, { groupid: write.group, comment: write.comment });
  }
  return { ...access, users, groups, acl };
}

const acl = { kind: "acl", path: "/vms/100", role: "Lab", propagate: true, delete: false } as const;
const WRITES: [string, Write, "more" | "less" | "same"][] = [
  [
    "a new user with groups",
    { kind: "create-user", userid: NEW, fields: user, groups: ["admins", "users"] },
    "more",
  ],
  ["a new user, bare", { kind: "create-user", userid: NEW, fields: {}, groups: [] }, "more"],
  ["new names", { kind: "update-user", userid: ANNA, fields: user, join: [], leave: [] }, "more"],
  [
    "a join that is there already",
    { kind: "update-user", userid: ANNA, fields: {}, join: ["users"], leave: [] },
    "same",
  ],
  [
    "leaving, disabled",
    { kind: "update-user", userid: ANNA, fields: { enable: false }, join: [], leave: ["users"] },
    "less",
  ],
  ["a deleted user", { kind: "delete-user", userid: ANNA }, "less"],
  ["nobody deleted", { kind: "delete-user", userid: NEW }, "same"],
  ["a new group", { kind: "create-group", group: "g", comment: "ü" }, "more"],
  ["a longer comment", { kind: "update-group", group: "users", comment: "a:b" }, "more"],
  ["a deleted group", { kind: "delete-group", group: "admins" }, "less"],
  ["an entry that is there", { ...acl, groups: ["admins"] }, "same"],
  ["an entry on a new path", { ...acl, path: "/pool/x", groups: ["admins"] }, "more"],
  ["another role for one of two", { ...acl, role: "PVEAdmin", groups: ["users"] }, "more"],
  ["both entries deleted", { ...acl, groups: ["admins", "users"], delete: true }, "less"],
];

t.test("P13: what a write costs is what the whole estimate grows by", (t) => {
  for (const [name, write, direction] of WRITES) {
    const bytes = bytesOf(write, WORLD);
    t.equal(bytes, userDatabaseBytes(after(WORLD, write)) - userDatabaseBytes(WORLD), name);
    t.equal(Math.sign(bytes), { more: 1, less: -1, same: 0 }[direction], `${name}: ${direction}`);
  }
  t.end();
});

/** Whether PVE would carry it out: nothing is made twice, no group is named that is not there. */
function makesSense(write: Write, access: Access): boolean {
  switch (write.kind) {
    case "create-user":
      return !access.users.has(write.userid) && write.groups.every((id) => access.groups.has(id));
    case "update-user":
      return access.users.has(write.userid) && write.join.every((id) => access.groups.has(id));
    case "create-group":
      return !access.groups.has(write.group);
    case "update-group":
    case "delete-group":
      return access.groups.has(write.group);
    default:
      return true;
  }
}

t.test("property: costs add up over any chain of writes", (t) => {
  const writes = fc.array(fc.constantFrom(...WRITES.map(([, write]) => write)), { maxLength: 12 });
  fc.assert(
    fc.property(writes, (chain) => {
      let access = WORLD;
      let bytes = userDatabaseBytes(WORLD);
      for (const write of chain) {
        if (!makesSense(write, access)) continue;
        bytes += bytesOf(write, access);
        access = after(access, write);
      }
      return userDatabaseBytes(access) === bytes;
    }),
    { seed: seedOfRun() },
  );
  t.end();
});
