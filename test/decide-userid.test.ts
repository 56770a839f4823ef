import fc from "fast-check";
import t from "tap";
import type { ObjectId, Person, UserId } from "../src/decide/facts.js";
import {
  claimOf,
  claimValueOf,
  collisions,
  realmOf,
  useridOf,
  whoIs,
  type Claim,
} from "../src/decide/userid.js";
import { seedOfRun } from "./reliability/size.js";

const ID = "0a1b2c3d-1111-2222-3333-444455556666" as ObjectId;
const ANNA: Person = {
  id: ID,
  userPrincipalName: "Anna.Berg@contoso.com",
  mail: "anna@mail.contoso.com",
  givenName: "Anna",
  surname: "Berg",
  displayName: "Anna Berg",
  accountEnabled: true,
  guest: false,
};
const GUEST: Person = {
  ...ANNA,
  userPrincipalName: "max_gmail.com#EXT#@contoso.onmicrosoft.com",
  guest: true,
};

function claim(name: string): Claim {
  const found = claimOf(name);
  if (found === undefined) throw new Error(`no claim ${name}`);
  return found;
}

t.test("each username-claim of FACTS-entra gives the value that Graph shows", (t) => {
  for (const impossible of [undefined, "sub", "subject", "", "groups", "UPN", "toString"]) {
    t.equal(claimOf(impossible), undefined, String(impossible));
  }
  const userids: [string, string, boolean][] = [
    ["oid", `${ID}@entra`, false],
    ["upn", "Anna.Berg@contoso.com@entra", false],
    ["username", "Anna.Berg@contoso.com@entra", true],
    ["preferred_username", "Anna.Berg@contoso.com@entra", true],
    ["email", "anna@mail.contoso.com@entra", true],
  ];
  for (const [name, userid, needsEmailClaim] of userids) {
    t.same(useridOf(ANNA, claim(name), "entra"), { ok: true, userid }, name);
    t.equal(claim(name).needsEmailClaim, needsEmailClaim, `${name}: email_claim`);
  }
  t.end();
});

t.test("guests have a userid by oid and upn only", (t) => {
  t.equal(useridOf(GUEST, claim("oid"), "entra").ok, true);
  t.same(useridOf(GUEST, claim("upn"), "entra"), {
    ok: true,
    userid: "max_gmail.com#EXT#@contoso.onmicrosoft.com@entra",
  });
  for (const name of ["username", "preferred_username", "email"]) {
    t.match(useridOf(GUEST, claim(name), "entra"), { ok: false, why: /guests/ }, name);
  }
  t.end();
});

t.test("a name that PVE or its paths would mangle is refused, with the reason", (t) => {
  const wrong: [string, RegExp][] = [
    ["a b@contoso.com", /white space/],
    ["a\tb@contoso.com", /white space/],
    ["a\u00a0b@contoso.com", /white space/],
    ["a:b@contoso.com", /":"/],
    ["a/b@contoso.com", /"\/"/],
    ["a,b@contoso.com", /","/],
    ["a;b@contoso.com", /";"/],
    ["jürgen@contoso.com", /beyond ASCII/],
    ["łukasz@contoso.com", /beyond ASCII/],
    ["😀@contoso.com", /beyond ASCII/],
    ["a\u0000b@contoso.com", /control character/],
    ["a\u007fb@contoso.com", /control character/],
    ["", /no userPrincipalName/],
    [`${"x".repeat(59)}`, /65 characters, PVE allows 64/],
  ];
  for (const [userPrincipalName, why] of wrong) {
    const answer = useridOf({ ...ANNA, userPrincipalName }, claim("upn"), "entra");
    t.match(answer, { ok: false, why }, JSON.stringify(userPrincipalName));
  }
  const mail = null;
  t.match(useridOf({ ...ANNA, mail }, claim("email"), "entra"), { ok: false, why: /no mail/ });
  t.end();
});

t.test("what PVE bears is accepted", (t) => {
  for (const userPrincipalName of [
    "o'neil&co@contoso.com",
    "a+b@contoso.com",
    "wow!x@contoso.com",
    "x".repeat(58),
    "a",
  ]) {
    const answer = useridOf({ ...ANNA, userPrincipalName }, claim("upn"), "entra");
    t.same(answer, { ok: true, userid: `${userPrincipalName}@entra` }, userPrincipalName);
  }
  t.end();
});

t.test("property: an accepted userid is one that PVE takes and no list splits", (t) => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 70 }), (userPrincipalName) => {
      const answer = useridOf({ ...ANNA, userPrincipalName }, claim("upn"), "entra");
      if (!answer.ok) return answer.why.length > 0;
      const { userid } = answer;
      return /^[!-~]{3,64}$/.test(userid) && !/[:/,;]/.test(userid) && realmOf(userid) === "entra";
    }),
    { numRuns: 3000, seed: seedOfRun() },
  );
  t.end();
});

t.test("two people with one userid but for case are both named", (t) => {
  const ids = ["a@x@entra", "A@x@entra", "b@x@entra", "c@x@entra", "c@x@entra"] as UserId[];
  t.same([...collisions(ids)].sort(), ["A@x@entra", "a@x@entra", "c@x@entra"]);
  t.same([...collisions(["a@x@entra", "a@x@entra2"] as UserId[])], []);
  t.end();
});

t.test("a userid leads back to the question that Entra can answer", (t) => {
  const anna = "Anna@contoso.com@entra" as UserId;
  t.equal(claimValueOf(anna, "entra"), "Anna@contoso.com");
  t.equal(claimValueOf(anna, "other"), undefined);
  t.equal(claimValueOf("@entra" as UserId, "entra"), undefined);
  const upn = { by: "userPrincipalName", value: "Anna@contoso.com" };
  t.same(whoIs(anna, "entra", claim("upn")), upn);
  t.same(whoIs(anna, "entra", claim("preferred_username")), upn);
  t.same(whoIs(anna, "entra", claim("email")), { by: "mail", value: "Anna@contoso.com" });
  t.equal(whoIs(anna, "entra", claim("oid")), undefined, "no GUID: Entra cannot know it");
  t.same(whoIs(`${ID}@entra` as UserId, "entra", claim("oid")), { by: "id", id: ID });
  t.equal(whoIs(`${ID.toUpperCase()}@entra` as UserId, "entra", claim("oid")), undefined);
  t.equal(whoIs(anna, "other", claim("upn")), undefined);
  t.end();
});
