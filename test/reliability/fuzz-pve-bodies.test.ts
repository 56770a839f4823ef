/** Every body that PVE gives, with something wrong in it: a coded error, or just what it says. */
import t from "tap";
import type { UserId } from "../../src/decide/facts.js";
import type { Observation } from "../../src/ports.js";
import { dataOf } from "../../src/pve/answer.js";
import { parseNodes } from "../../src/pve/parse-nodes.js";
import { parseUser } from "../../src/pve/parse-users.js";
import { seededRandom } from "../emulators/entra/random.js";
import { brokenText, hostileJson, pick } from "../fuzz/hostile-json.js";
import { observeBodies, READS, realBodies } from "../fuzz/pve-bodies.js";
import { came, polluted, shown, Tally } from "../fuzz/verdict.js";
import { say, seedOfRun, size } from "./size.js";

t.setTimeout(3_600_000);
const seed = seedOfRun();
t.comment(`SEED=${seed}`);

type Item = Readonly<Record<string, unknown>>;

t.test("an observation over hostile bodies loses nobody and crashes never", async (t) => {
  const random = seededRandom(seed);
  const real = await realBodies();
  t.equal((await came("real", () => observeBodies(real))).kind, "data", "unharmed it is read");
  const tally = new Tally();
  const cases = size({ usual: 2000, nightly: 300_000 });
  for (let at = 0; at < cases; at += 1) {
    const path = pick(random, READS);
    const text = hostileJson(random, JSON.parse(real.get(path) ?? ""));
    const out = await came(`${path} ${text}`, () => observeBodies(new Map(real).set(path, text)));
    tally.add(out.kind === "data" ? "read" : out.error.code);
    if (out.kind === "coded") {
      if (out.error.message.length > 4000) t.fail(`a long message for ${shown(text)}`);
    } else {
      const wrong = whatIsLost(path, JSON.parse(text) as { data: unknown }, out.data);
      if (wrong !== undefined) t.fail(`${wrong}: ${path} ${shown(text)}`);
    }
    if (polluted()) throw new Error(`polluted by ${path} ${shown(text)}`);
  }
  say(`fuzzed PVE reads: ${cases} bodies, seed ${seed}: ${tally.text}`);
  t.ok(tally.get("read") > cases / 100, "some are still read");
  t.ok(tally.get("PVE_BAD_ANSWER") > cases / 5, "and many refused");
});

/** An observation must hold each item of the body: what cannot be read is an error, never dropped. */
function whatIsLost(path: string, { data }: { data: unknown }, seen: Observation) {
  const { access } = seen;
  if (path.startsWith("/access/users")) {
    for (const item of data as Item[]) {
      const user = access.users.get(item.userid as UserId);
      if (user === undefined) return `user ${String(item.userid)} is lost`;
      if (user.enable !== [1, "1", true].includes(item.enable as never)) return "enable differs";
      const groups = (item.groups as string).split(",").filter((name) => name !== "");
      if (user.groups.join() !== groups.join()) return "groups differ";
    }
    if (access.users.size !== (data as Item[]).length) return "more users than listed";
  }
  if (path === "/access/groups" && access.groups.size !== (data as Item[]).length) {
    return "the number of groups differs";
  }
  if (path === "/access/acl" && access.acl.length !== (data as Item[]).length) {
    return "the number of entries differs";
  }
  if (path === "/access/roles" && access.roles.size !== (data as Item[]).length) {
    return "the number of roles differs";
  }
  return undefined;
}

t.test("one user, the nodes, and refusals in every status", async (t) => {
  const random = seededRandom(seed + 1);
  const real = await realBodies();
  const tally = new Tally();
  const anna = "anna@x.com@entra" as UserId;
  const user = JSON.parse(real.get("/access/users/anna%40x.com%40entra") ?? "") as object;
  const nodes = JSON.parse(real.get("/nodes") ?? "") as object;
  const refusal = { data: null, message: "update failed: no such user\n", errors: { a: "b\n" } };
  const cases = size({ usual: 2000, nightly: 300_000 });
  for (let at = 0; at < cases; at += 1) {
    const kind = random.index(3);
    const status = pick(random, [200, 400, 401, 403, 404, 500, 501, 503, 595, 596, 599, 302]);
    const text = hostileJson(random, [user, nodes, refusal][kind]);
    const write = random.next() < 0.5;
    const asked = { method: write ? "PUT" : "GET", path: "/access/users/a%40b", write };
    const reason = brokenText(random, "no \u001b[2J such user");
    const out = await came(`${status} ${text}`, () => {
      const data = dataOf({ status: kind === 2 ? status : 200, reason, body: text }, asked);
      if (kind === 0) return parseUser(anna, data);
      return kind === 1 ? parseNodes(data) : data;
    });
    tally.add(out.kind === "data" ? "read" : out.error.code);
    if (out.kind === "coded") {
      const { message } = out.error;
      if (message.length > 1500) t.fail(`a long message (${message.length}) for ${shown(text)}`);
      if (kind === 2 && /[\u0000-\u001f\u202e]/.test(message)) t.fail(`unclean: ${shown(text)}`);
    }
  }
  say(`fuzzed PVE answers: ${cases} bodies, seed ${seed}: ${tally.text}`);
  t.ok(tally.get("read") > 0);
});
