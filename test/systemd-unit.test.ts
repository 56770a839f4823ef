/** The unit and the program say the same. */
import { readFileSync } from "node:fs";
import t from "tap";
import { PLACES, ROOT_CA } from "../src/config/folders.js";
import { controlSocket } from "../src/control/index.js";
import { EXIT } from "../src/exit.js";

const unit = readFileSync(new URL("../systemd/pve-entra-agent.service", import.meta.url), "utf8");

/** All values of a directive, in their order. */
function values(name: string): readonly string[] {
  const lines = unit.split("\n").filter((line) => line.startsWith(`${name}=`));
  return lines.map((line) => line.slice(name.length + 1));
}

t.test("credentials come from where the program says, and none of them is a must", async (t) => {
  const places = PLACES.map(({ name, folder }) => `${name}:${folder}`);
  const loaded = [...places, `${ROOT_CA.name}:${ROOT_CA.folder}/${ROOT_CA.name}`];
  t.strictSame(values("LoadCredential"), loaded);
  const names = loaded.map((one) => one.split(":")[0] ?? "");
  t.strictSame(
    values("SetCredential"),
    names.map((name) => `${name}:\\n`),
    "a line feed alone, which the program takes for nothing",
  );
});

t.test("no start again after an exit code that says it is no use", async (t) => {
  t.strictSame(values("RestartPreventExitStatus"), [`${EXIT.usage} ${EXIT.config}`]);
  t.strictSame(values("Restart"), ["on-failure"]);
  t.match(unit, /^StartLimitIntervalSec=0$/m);
});

t.test("folders are where the program looks for them", async (t) => {
  const [state] = values("StateDirectory");
  const [runtime] = values("RuntimeDirectory");
  t.equal(controlSocket(`/var/lib/${state}`, {}), `/run/${runtime}/control.sock`);
  t.strictSame(values("StateDirectoryMode"), ["0700"]);
  t.strictSame(values("RuntimeDirectoryMode"), ["0700"]);
});

t.test("the user is one of its own, and systemd hears the main process alone", async (t) => {
  t.strictSame(values("User"), ["pve-entra-agent"]);
  t.strictSame(values("Group"), ["pve-entra-agent"]);
  t.strictSame(values("SupplementaryGroups"), [], "never www-data");
  t.strictSame(values("Type"), ["notify-reload"]);
  t.strictSame(values("NotifyAccess"), ["main"]);
  t.match(values("NoExecPaths")[0], /^\/( |$)/);
});
