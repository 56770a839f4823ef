/** An agent that goes on with what it has seen long ago, when the other has done everything since. */
import t from "tap";
import { memberships } from "../emulators/pve/user-cfg.js";
import { createBed } from "./two-writers-bed.js";
import type { Bed } from "./two-writers-bed.js";
import { configOf, entry, mapped } from "./two-writers-config.js";
import { toTheEnd } from "./two-writers-drive.js";

t.setTimeout(120_000);

const IDA = "ida@contoso.example@entra";

/** Lets one agent's requests go until it is about to touch somebody's account, or has ended. */
async function untilItWrites({ traffic }: Bed, who: string): Promise<void> {
  for (;;) {
    await traffic.settled();
    const [next] = traffic.parked.filter((request) => request.who === who);
    if (next === undefined) return;
    const looks = next.path.includes("/access/users/") || next.path.startsWith("/v1.0");
    if (next.system === "pve" && (next.method !== "GET" || looks)) return;
    await next.release();
  }
}

async function theRest({ traffic }: Bed, who: string): Promise<void> {
  for (;;) {
    await traffic.settled();
    const [next] = traffic.parked.filter((request) => request.who === who);
    if (next === undefined) return;
    await next.release();
  }
}

t.test("what one agent has decided about a person is not done to their successor", async (t) => {
  const bed = await createBed({ seed: 1 });
  const { world } = bed.tenant;
  const person = (name: string): string =>
    world.addUser({ upn: `${name}@contoso.example`, displayName: name }).id;
  const ops = world.addGroup({ displayName: "ops" }).id;
  world.join(ops, person("ida"), person("jo"));
  const config = configOf(bed.sso.appId, [mapped("ops", [ops], [entry("/vms", "PVEVMUser")])], {
    rotate: false,
  });
  const [slow, quick] = [bed.agent("pve1"), bed.agent("pve2")];
  await toTheEnd(bed, slow.pass(config));
  const successor = world.newPersonUnderOldName("ida@contoso.example");
  world.join(ops, successor.id);

  const late = slow.pass(config);
  await untilItWrites(bed, "pve1");
  const other = quick.pass(config);
  await theRest(bed, "pve2");
  await other;
  const made = bed.state.users.users.get(IDA);
  t.match(made, { enable: true, comment: `[entra:${successor.id}]` }, "the other made it anew");
  bed.hands.createGroup("manual");
  bed.hands.addToGroup(IDA, "manual");

  await theRest(bed, "pve1");
  const { report } = await late;
  t.match(bed.state.users.users.get(IDA), made ?? {}, "and the one that comes late leaves it");
  t.strictSame([...(memberships(bed.state.users).get(IDA) ?? [])].sort(), ["manual", "ops"]);
  t.ok(report.findings.some(({ message }) => message.includes("edited meanwhile")));
  for (const agent of [slow, quick]) agent.journal.close();
});
