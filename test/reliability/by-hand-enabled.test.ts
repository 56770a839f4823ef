/** Whom an administrator disabled stays so, also where it was us who had disabled them before. */
import t from "tap";
import { createBed } from "./two-writers-bed.js";
import { configOf, mapped } from "./two-writers-config.js";
import { toTheEnd } from "./two-writers-drive.js";

t.setTimeout(120_000);

const ANNA = "anna@contoso.example@entra";

t.test(
  "disabled by us, enabled by hand, disabled by hand: they stay disabled on return",
  async (t) => {
    const bed = await createBed({ seed: 1 });
    const { world } = bed.tenant;
    const person = (name: string): string =>
      world.addUser({ upn: `${name}@contoso.example`, displayName: name }).id;
    const [ops, anna] = [world.addGroup({ displayName: "ops" }).id, person("anna")];
    world.join(ops, anna, person("jo"));
    const config = configOf(bed.sso.appId, [mapped("ops", [ops], undefined)], { rotate: false });
    const agent = bed.agent("pve1");
    const pass = async (): Promise<boolean | undefined> => {
      await toTheEnd(bed, agent.pass(config));
      return bed.state.users.users.get(ANNA)?.enable;
    };
    t.equal(await pass(), true);
    world.leave(ops, anna);
    t.equal(await pass(), false, "disabled by us");
    world.join(ops, anna);
    t.equal(await pass(), true, "and enabled by us on return");
    world.leave(ops, anna);
    t.equal(await pass(), false);
    bed.hands.enableUser(ANNA);
    t.equal(await pass(), true, "an administrator's enabling stays");
    bed.hands.disableUser(ANNA);
    t.equal(await pass(), false);
    world.join(ops, anna);
    t.equal(await pass(), false, "an administrator's disabling stays");
    agent.journal.close();
  },
);
