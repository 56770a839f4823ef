/** What `rotate` and `sync` say when they mend what they found. */
import t from "tap";
import { runProgram } from "./reliability/scenarios-run.js";
import { mapping, startSite } from "./support/site.js";

t.setTimeout(120_000);

for (const command of ["rotate", "sync"]) {
  t.test(`${command} of a refused secret that ends with a new one is done: exit 0`, async (t) => {
    const site = await startSite(t, { secretDays: 1 });
    site.journal.close();
    const anna = site.addUser("anna");
    site.configure({ groups: mapping("ops", site.group("Operators", [anna])) });
    site.clock.advance(2 * 86_400_000);
    const { exit, out } = await runProgram(site, [command]);
    t.match(out, /SECRET_REFUSED/);
    t.match(out, /the client secret of entra is new/);
    t.equal(exit, 0, out);
  });

  t.test(`${command}: what else is wrong still counts`, async (t) => {
    const site = await startSite(t, { secretDays: 1 });
    site.journal.close();
    site.configure({ groups: mapping("ops", site.group("Operators", [site.addUser("anna")])) });
    site.clock.advance(2 * 86_400_000);
    site.entra.faults.add({ path: "addPassword", times: 99, do: { kind: "status", status: 403 } });
    t.equal((await runProgram(site, [command])).exit, 1);
  });
}
