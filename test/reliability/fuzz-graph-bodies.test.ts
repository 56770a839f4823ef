/** Every body that Graph and the token endpoint give, with something wrong in it. */
import t from "tap";
import { readClientSecret } from "../../src/config/secrets.js";
import type { ObjectId } from "../../src/decide/facts.js";
import { questionKey } from "../../src/decide/facts.js";
import { createNetwork } from "../../src/entra/network.js";
import type { Answer } from "../../src/entra/network.js";
import { createProbe } from "../../src/entra/probe.js";
import { authorityOf } from "../../src/entra/sign-in.js";
import { requestToken } from "../../src/entra/token-request.js";
import { Secret } from "../../src/secret.js";
import { seededRandom } from "../emulators/entra/random.js";
import { never, sleepyClock, startBed } from "../entra-bed.js";
import type { Bed } from "../entra-bed.js";
import { guid } from "../entra-stub.js";
import { askAbout, readingOver, recorded, replay } from "../fuzz/graph-bodies.js";
import type { Exchange, Reading } from "../fuzz/graph-bodies.js";
import { wrongGroup, wrongOwnSide } from "../fuzz/graph-truth.js";
import { brokenText, hostileJson, pick } from "../fuzz/hostile-json.js";
import { came, polluted, shown, Tally } from "../fuzz/verdict.js";
import { say, seedOfRun, size } from "./size.js";

t.setTimeout(3_600_000);
const seed = seedOfRun();
t.comment(`SEED=${seed}`);

async function tokenOf({ config }: Bed): Promise<string> {
  const { credential, caFile } = config;
  if (credential.kind !== "secret" || caFile === undefined) throw new Error("not this bed");
  const origins = [config.authority, config.graph];
  const network = createNetwork({ clock: sleepyClock(), origins, env: {}, caFile });
  const proof = { kind: "secret", secret: readClientSecret(credential.file) } as const;
  const answer = await requestToken(network, authorityOf(config), config.clientId, proof, never);
  await network.close();
  if (answer.kind !== "token") throw new Error("no token");
  return answer.token;
}

/** Lists in pages of two, as Graph may cut them, so that there are links to go wrong. */
function inPages(exchanges: readonly Exchange[]): readonly Exchange[] {
  return exchanges.flatMap((one) => {
    const { url } = one.outgoing;
    if (!url.pathname.endsWith("/transitiveMembers")) return [one];
    const { value, ...rest } = JSON.parse(one.answer.text) as { value: unknown[] };
    return Array.from({ length: Math.max(1, Math.ceil(value.length / 2)) }, (_, at): Exchange => {
      const link = (page: number): string =>
        page === 0 ? url.href : `${url.href}&$skiptoken=${page}`;
      const last = (at + 1) * 2 >= value.length;
      const body = {
        ...rest,
        ...(last ? {} : { "@odata.nextLink": link(at + 1) }),
        value: value.slice(at * 2, at * 2 + 2),
      };
      return {
        outgoing: { ...one.outgoing, url: new URL(link(at)) },
        answer: { ...one.answer, text: JSON.stringify(body) },
      };
    });
  });
}

t.test("groups, people and the app over hostile bodies", async (t) => {
  const random = seededRandom(seed);
  const bed = await startBed(t);
  const { world } = bed;
  const people = Array.from({ length: 5 }, (_, at) =>
    world.addUser({ upn: `p${at}@x.example`, displayName: `P ${at}`, mail: `p${at}@x.example` }),
  ).map(({ id }) => id as ObjectId);
  const nested = world.addGroup({ displayName: "nested" });
  const big = world.addGroup({ displayName: "big" });
  const other = world.addGroup({ displayName: "toString" });
  world.join(nested.id, ...people.slice(3));
  world.join(big.id, ...people.slice(0, 3), nested.id);
  world.join(other.id, ...people.slice(0, 2));
  const gone = world.addUser({ upn: "gone@x.example", displayName: "gone" }).id;
  world.deleteUser(gone);
  const groups = [big.id, other.id] as ObjectId[];
  const questions = [...people, gone, guid(77)].map((id) => askAbout(id, groups));
  const sso = world.addApp({ displayName: "sso", owners: [bed.agent.appId] });
  world.addSecret(sso.id);

  const work = async ({ directory, app }: Reading) => ({
    lists: await directory.readGroups(groups, never),
    own: await directory.ask(questions, never),
    app: await app.read(never),
  });
  const made = await recorded(bed, await tokenOf(bed), work, sso.appId);
  const exchanges = inPages(made);
  const { origin } = new URL(bed.config.graph);
  const honest = await work(readingOver(replay(exchanges, (a) => a).network, origin, sso.appId));
  t.same(
    [...honest.own.values()]
      .map(({ kind }) => kind)
      .sort()
      .join(),
    ["absent,deleted,person,person,person,person,person"].join(),
  );
  t.ok(
    groups.every((id) => honest.lists.groups.get(id)?.ok === true),
    "unharmed it is read",
  );

  const tally = new Tally();
  const cases = size({ usual: 1000, nightly: 200_000 });
  for (let nth = 0; nth < cases; nth += 1) {
    const target = random.index(exchanges.length);
    const broken = (answer: Answer): Answer => ({
      ...answer,
      text: answer.text === "" ? "" : hostileJson(random, JSON.parse(answer.text)),
    });
    const once = exchanges[target];
    const changed = once && broken(once.answer);
    const { network, served } = replay(exchanges, (answer, at) =>
      at === target && changed ? changed : answer,
    );
    const reading = readingOver(network, origin, sso.appId);
    const input = `${once?.outgoing.url.href ?? ""} ${changed?.text ?? ""}`;
    const lists = await came(input, () => reading.directory.readGroups(groups, never));
    if (lists.kind === "coded") tally.add(`lists: ${lists.error.code}`);
    else {
      for (const id of groups) {
        const group = lists.data.groups.get(id);
        tally.add(group?.ok === true ? "lists: read" : `lists: ${group?.finding.code}`);
        const wrong = wrongGroup(group, id, served);
        if (wrong !== undefined) t.fail(`${wrong}: ${shown(input)}`);
        for (const member of group?.ok === true ? group.members : []) {
          if (!lists.data.people.has(member)) t.fail(`${member} has no person: ${shown(input)}`);
        }
      }
    }
    const own = await came(input, () => reading.directory.ask(questions, never));
    if (own.kind === "coded") tally.add(`own: ${own.error.code}`);
    else {
      for (const question of questions) {
        const heard = own.data.get(questionKey(question.who));
        tally.add(`own: ${heard?.kind}`);
        const wrong = wrongOwnSide(heard, question, served);
        if (wrong !== undefined) t.fail(`${wrong}: ${shown(input)}`);
      }
    }
    const app = await came(input, () => reading.app.read(never));
    tally.add(app.kind === "data" ? "app: read" : `app: ${app.error.code}`);
    if (polluted()) throw new Error(`polluted by ${shown(input)}`);
  }
  say(`fuzzed Graph reads: ${cases} bodies, seed ${seed}: ${tally.text}`);
  t.ok(tally.get("lists: ENTRA_BAD_ANSWER") > 0 && tally.get("own: unknown") > 0);
});

t.test("the token endpoint", async (t) => {
  const random = seededRandom(seed + 1);
  const tally = new Tally();
  const authority = {
    origin: "https://localhost:1",
    graph: "https://localhost:1",
    tenantId: guid(1),
  };
  const token = { token_type: "Bearer", expires_in: 3599, access_token: "a.b.c" };
  const refused = {
    error: "invalid_client",
    error_description: "AADSTS7000215: Invalid client secret provided.",
    error_codes: [7000215],
    trace_id: guid(3),
    correlation_id: guid(4),
  };
  const cases = size({ usual: 300, nightly: 40_000 });
  for (let nth = 0; nth < cases; nth += 1) {
    const good = random.next() < 0.5;
    const text = hostileJson(random, good ? token : refused);
    const status = good ? 200 : pick(random, [400, 401, 429, 500, 503]);
    const headers = { "retry-after": brokenText(random, "5") };
    const network = {
      exchange: async () => ({ status, headers, text }),
      serverTime: () => undefined,
      close: async () => undefined,
    };
    const probe = createProbe(network, authority);
    const out = await came(text, () => probe.prove(guid(5), new Secret("made-up"), never));
    if (out.kind === "coded") {
      t.fail(`thrown: ${out.error.message} for ${shown(text)}`);
      continue;
    }
    tally.add(`${status} ${out.data.kind}`);
    if (out.data.kind === "accepted" && !good) t.fail(`accepted for ${status} ${shown(text)}`);
    if (out.data.kind === "refused" && good) t.fail(`refused for ${status} ${shown(text)}`);
    if ("message" in out.data && /[\u0000-\u001f\u202e]|made-up/.test(out.data.message)) {
      t.fail(`unclean: ${JSON.stringify(out.data.message)}`);
    }
    if ("message" in out.data && out.data.message.length > 3000) {
      t.fail(`${out.data.message.length} characters for ${shown(text)}`);
    }
  }
  say(`fuzzed token answers: ${cases} bodies, seed ${seed}: ${tally.text}`);
  t.ok(tally.get("200 accepted") > 0 && tally.get("401 refused") > 0);
});
