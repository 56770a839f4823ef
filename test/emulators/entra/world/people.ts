import { shortDate } from "../dates.js";
import { drop, put, type Write } from "../directory.js";
import type { User } from "../tables.js";
import type { WorldContext } from "./context.js";
import { findUser, theUser } from "./find.js";

export interface NewUser {
  upn: string;
  id?: string;
  displayName?: string;
  givenName?: string | null;
  surname?: string | null;
  mail?: string | null;
  enabled?: boolean;
}

export interface NewGuest {
  /** The address at home: `name@home.com`. */
  mail: string;
  id?: string;
  displayName?: string;
  givenName?: string | null;
  surname?: string | null;
  enabled?: boolean;
}

/** Fields of a person that an administrator may edit. */
export type PersonEdit = Partial<Omit<User, "id" | "createdDateTime">>;

/** A guest's UPN: `name_home.com#EXT#@tenant.onmicrosoft.com`. */
export function guestUpn(mail: string, domain: string): string {
  return `${mail.replace("@", "_")}#EXT#@${domain}`;
}

function refuseTaken(ctx: WorldContext, upn: string): void {
  if (findUser(ctx.directory.truth, upn)) throw new RangeError(`UPN "${upn}" is taken`);
}

/** The memberships and ownerships of somebody, taken away. */
function withoutTies(ctx: WorldContext, id: string): Write[] {
  const { truth } = ctx.directory;
  return [
    ...[...truth.holders("member", id)].map((group) => drop("member", group, id)),
    ...[...truth.holders("owner", id)].map((app) => drop("owner", app, id)),
  ];
}

/** Orders about people, who are meant by object id or UPN; a `RangeError` says that there is none. */
export interface PeopleOrders {
  addUser(person: NewUser): User;
  addGuest(person: NewGuest): User;
  /** Any other edit of a person. */
  editUser(ref: string, change: PersonEdit): User;
  /** A new UPN for the same person. */
  rename(ref: string, upn: string): User;
  disable(ref: string): User;
  enable(ref: string): User;
  /** Into the recycle bin; memberships end. */
  deleteUser(ref: string): void;
  /** Out of the recycle bin, or straight away: gone for good. */
  purgeUser(ref: string): void;
  /** Back from the recycle bin (by object id), without the former memberships. */
  restoreUser(id: string): User;
  /** The old person is deleted, and a new one gets the UPN (and the mail address). */
  newPersonUnderOldName(ref: string, person?: Partial<NewUser>): User;
  /** The person's row, as the truth has it now. */
  user(ref: string): User;
}

export function peopleOrders(ctx: WorldContext): PeopleOrders {
  const { directory } = ctx;
  const edit = (ref: string, change: PersonEdit): User => {
    const user = theUser(ctx, ref);
    const changed = { ...user, ...change };
    directory.write(put("user", user.id, changed));
    return changed;
  };
  const add = (user: User): User => {
    refuseTaken(ctx, user.userPrincipalName);
    directory.write(put("user", user.id, user));
    return user;
  };
  const softlyDelete = (user: User): void => {
    // Entra puts the object id before a deleted user's UPN, so that the name is free again.
    const upn = `${user.id.replaceAll("-", "")}${user.userPrincipalName}`;
    directory.write(
      drop("user", user.id),
      ...withoutTies(ctx, user.id),
      put("deleted", user.id, {
        kind: "user",
        deletedDateTime: shortDate(ctx.clock.now()),
        object: { ...user, userPrincipalName: upn },
      }),
    );
  };
  const addUser = (person: NewUser): User =>
    add({
      id: person.id ?? ctx.random.uuid(),
      userPrincipalName: person.upn,
      displayName: person.displayName ?? person.upn.replace(/@.*/, ""),
      givenName: person.givenName ?? null,
      surname: person.surname ?? null,
      mail: person.mail === undefined ? person.upn : person.mail,
      accountEnabled: person.enabled ?? true,
      userType: "Member",
      createdDateTime: shortDate(ctx.clock.now()),
    });
  return {
    addUser,
    addGuest(person: NewGuest): User {
      return add({
        id: person.id ?? ctx.random.uuid(),
        userPrincipalName: guestUpn(person.mail, ctx.domain),
        displayName: person.displayName ?? person.mail,
        givenName: person.givenName ?? null,
        surname: person.surname ?? null,
        mail: person.mail,
        accountEnabled: person.enabled ?? true,
        userType: "Guest",
        createdDateTime: shortDate(ctx.clock.now()),
      });
    },
    editUser: edit,
    rename(ref: string, upn: string): User {
      const user = theUser(ctx, ref);
      const holder = findUser(directory.truth, upn);
      if (holder && holder.id !== user.id) throw new RangeError(`UPN "${upn}" is taken`);
      return edit(user.id, { userPrincipalName: upn });
    },
    disable: (ref: string): User => edit(ref, { accountEnabled: false }),
    enable: (ref: string): User => edit(ref, { accountEnabled: true }),
    deleteUser(ref: string): void {
      softlyDelete(theUser(ctx, ref));
    },
    purgeUser(ref: string): void {
      const binned = directory.truth.get("deleted", ref);
      const id = binned ? ref : theUser(ctx, ref).id;
      directory.write(drop("user", id), ...withoutTies(ctx, id), drop("deleted", id));
    },
    restoreUser(id: string): User {
      const binned = directory.truth.get("deleted", id);
      if (binned?.kind !== "user") throw new RangeError(`no deleted user "${id}"`);
      const upn = binned.object.userPrincipalName.slice(32);
      refuseTaken(ctx, upn);
      const user: User = { ...binned.object, userPrincipalName: upn };
      directory.write(drop("deleted", id), put("user", id, user));
      return user;
    },
    newPersonUnderOldName(ref: string, person: Partial<NewUser> = {}): User {
      const old = theUser(ctx, ref);
      softlyDelete(old);
      return addUser({
        mail: old.mail,
        displayName: `New ${old.displayName}`,
        ...person,
        upn: old.userPrincipalName,
      });
    },
    user: (ref: string): User => theUser(ctx, ref),
  };
}
