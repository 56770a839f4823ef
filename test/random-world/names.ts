/**
 * Userids once more, from FACTS-entra's table of claims and FACTS-pve's rules alone: a second
 * opinion that shares nothing with `src/decide/userid.ts`.
 */
import type { Person } from "../../src/decide/facts.js";

/** The userid that PVE would build at sign-in; undefined where there is none to be relied on. */
export function naiveUserid(person: Person, claim: string, realm: string): string | undefined {
  const value =
    claim === "oid"
      ? person.id
      : claim === "upn"
        ? person.userPrincipalName
        : person.guest
          ? undefined
          : claim === "email"
            ? person.mail
            : claim === "username" || claim === "preferred_username"
              ? person.userPrincipalName
              : undefined;
  if (value === undefined || value === null || value === "") return undefined;
  const userid = `${value}@${realm}`;
  const printable = [...value].every((one) => one > " " && one <= "~" && !":/,;".includes(one));
  return printable && userid.length >= 3 && userid.length <= 64 ? userid : undefined;
}

/** What a mark at the end of a comment says, read by a pattern of its own. */
export function naiveMark(
  comment: string,
): { text: string; id: string; left?: string; moment: boolean; jit: boolean } | undefined {
  const found =
    /^(.*?) ?\[entra:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})((?: left \d{4}-\d\d-\d\d| moment| jit)*)\]$/s.exec(
      comment,
    );
  if (found === null) return undefined;
  const [, text = "", id = "", flags = ""] = found;
  const left = / left (\S+)/.exec(flags)?.[1];
  return {
    text,
    id,
    ...(left === undefined ? {} : { left }),
    moment: flags.includes(" moment"),
    jit: flags.includes(" jit"),
  };
}

export function realmOf(userid: string): string {
  return userid.slice(userid.lastIndexOf("@") + 1);
}
