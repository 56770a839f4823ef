import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { ids, never, NOW, startBed } from "./entra-bed.js";
import { guid, refusal, startStub } from "./entra-stub.js";

t.test("the log has both request ids, which support asks for, and nothing secret", async (t) => {
  const { entra, world, emulator, agent, log, seen, clock } = await startBed(t);
  const anna = world.addUser({ upn: "anna@example.com" });
  const sso = world.addApp({ displayName: "sso", owners: [agent.principalId] });
  const groups = ids(world.addGroup({ displayName: "g", members: [anna.id] }));
  await entra.directory.readGroups(groups, never);
  const app = entra.ssoApp(sso.appId);
  const { keyId, secret } = await app.addPassword(
    { displayName: "ours", start: NOW, end: NOW + 86_400_000 },
    never,
  );
  await entra.probe.prove(sso.appId, secret, never);
  await app.removePassword(keyId, never);
  await entra.probe.prove(sso.appId, secret, never);
  clock.advance(3_600_000);
  await app.read(never).catch(() => undefined);

  const written = log.lines.join("\n");
  t.ok(world.secretTexts().length >= 2);
  for (const text of world.secretTexts()) t.notOk(written.includes(text));
  t.notMatch(written, /eyJ|Bearer|authorization|client_secret|secretText/i);
  const guidIn = (name: string): RegExp => new RegExp(`"${name}":"[0-9a-f-]{36}"`);
  const asked = log.lines.filter((line) => line.startsWith("Graph was asked"));
  for (const line of asked) {
    t.match(line, guidIn("requestId"));
    t.match(line, guidIn("clientRequestId"));
  }
  t.equal(
    new Set(asked.map((line) => /"clientRequestId":"([^"]+)"/.exec(line)?.[1])).size,
    asked.length,
  );
  t.equal(seen.length, emulator.log.count(), "and every request was counted");
});

t.test("the client-request-id that is logged is the one that was sent", async (t) => {
  const { entra, asked, log } = await startStub(t, () => refusal(400, "Request_BadRequest"));
  await t.rejects(entra.ssoApp(guid(5)).read(never));
  t.match(
    log.lines.join(),
    `"clientRequestId":${JSON.stringify(asked[0]?.headers["client-request-id"])}`,
  );
});

t.test("a hostile error message cannot write to the terminal", async (t) => {
  const { entra } = await startStub(t, () =>
    refusal(400, "Request_BadRequest", `\u001b[2Jall is well\u202e${"x".repeat(9_000)}`),
  );
  const thrown: unknown = await entra
    .ssoApp(guid(5))
    .read(never)
    .catch((error: unknown) => error);
  const { message } = thrown as Error;
  t.match(message, "\\u001b[2Jall is well\\u202e");
  t.match(message, /request-id r-1/);
  t.ok(message.length < 1_000);
});

t.test("after closing nothing is opened again", async (t) => {
  const { entra, asked, signIns } = await startStub(t, () => ({ body: {} }));
  await entra.close();
  await t.rejects(entra.directory.readGroups([guid(900) as ObjectId], never));
  await t.rejects(entra.ssoApp(guid(5)).read(never));
  t.equal(asked.length + signIns.length, 0);
});
