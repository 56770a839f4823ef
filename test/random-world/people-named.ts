/** People with any names that Entra might give, and some that it should not. */
import fc from "fast-check";
import type { ObjectId, Person } from "../../src/decide/facts.js";
import { idOf } from "./tenant.js";

export interface NamedDraw {
  readonly person: Person;
  readonly claim: string;
  readonly realm: string;
}

/** Letters that mean something to PVE, to a URL, to a form or to a file, among plain ones. */
const letter = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(..."abcXYZ019._-+'!") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...'@#%&?=/:;,\\"<>|*~$()[]{}^` \t\n\u00a0\u0085\u200b\0ü💡'),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
);
const local = fc.array(letter, { maxLength: 70 }).map((letters) => letters.join(""));
const short = fc.array(letter, { minLength: 1, maxLength: 8 }).map((letters) => letters.join(""));
const address = fc
  .tuple(fc.oneof({ weight: 4, arbitrary: short }, local), fc.constantFrom("@x.example", "@X", ""))
  .map((parts) => parts.join(""));

const person: fc.Arbitrary<Person> = fc.record({
  id: fc.nat({ max: 99 }).map((n): ObjectId => idOf(n)),
  userPrincipalName: address,
  mail: fc.option(address),
  givenName: fc.constant(null),
  surname: fc.constant(null),
  displayName: fc.constant(null),
  accountEnabled: fc.constant(true),
  guest: fc.nat({ max: 3 }).map((n) => n === 0),
});

export const personNamed: fc.Arbitrary<NamedDraw> = fc.record({
  person,
  claim: fc.constantFrom("upn", "upn", "oid", "email", "preferred_username", "username", "sub"),
  realm: fc.constantFrom("entra", "entra", "e1", "a-long_realm.name"),
});
