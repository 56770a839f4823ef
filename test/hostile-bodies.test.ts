/** Bodies that no honest server sends, each of which once did harm: a coded error, or what it says. */
import t from "tap";
import { dataOf } from "../src/pve/answer.js";
import { observeBodies, realBodies } from "./fuzz/pve-bodies.js";
import { came } from "./fuzz/verdict.js";

const DEEP = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

t.test("PVE's errors{} with values that are no text", async (t) => {
  const values = [DEEP, '{"toString":1,"valueOf":1}', "null", '{"toString":"x"}', "[null]"];
  const asked = { method: "PUT", path: "/access/users/a%40b", write: true };
  for (const value of values) {
    const body = `{"message":"Parameter verification failed.","errors":{"groups":${value}}}`;
    const out = await came(body, () => dataOf({ status: 400, reason: "", body }, asked));
    t.match(out, { kind: "coded", error: { code: "PVE_REFUSED", message: /groups: no text/ } });
  }
});

t.test("a message of megabytes is looked at in part", async (t) => {
  const asked = { method: "PUT", path: "/access/users/a%40b", write: true };
  for (const piece of ["cfs-lock ", "-eyJ", "client-key=", "-----BEGIN "]) {
    const body = JSON.stringify({ message: piece.repeat(1_000_000) });
    const out = await came("large", () => dataOf({ status: 500, reason: "", body }, asked));
    t.match(out, { kind: "coded", error: { code: "PVE_REFUSED" } }, piece);
    t.ok(out.kind === "coded" && out.error.message.length < 1500);
  }
});

t.test("a userid of megabytes is not repeated in the error about it", async (t) => {
  const real = await realBodies();
  const data = [{ userid: "x".repeat(1_000_000), enable: 1, groups: "" }];
  const bodies = new Map(real).set("/access/users?full=1", JSON.stringify({ data }));
  const out = await came("large", () => observeBodies(bodies));
  t.match(out, { kind: "coded", error: { code: "PVE_BAD_ANSWER" } });
  t.ok(out.kind === "coded" && out.error.message.length <= 1000);
});
