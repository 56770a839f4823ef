/** `npm run emulators`: both emulators by hand, with a small world in them. */
import { fileURLToPath } from "node:url";
import { setStage } from "../demo/stage.js";
import type { Stage } from "../demo/stage.js";
import { createClock } from "./common/clock.js";
import type { EntraWorld } from "./entra/index.js";

const REALM = "entra";
const PEOPLE = [
  "Anna Berg",
  "Bruno Costa",
  "Chiara Neri",
  "Dario Kovač",
  "Eva Lund",
  "Farid Haddad",
];
const TEAMS: Readonly<Record<string, readonly string[]>> = {
  "PVE Administrators": ["Anna Berg"],
  "PVE Operators": ["Bruno Costa", "Chiara Neri", "Dario Kovač"],
};

function upnOf(name: string): string {
  const [given = "", family = ""] = name.replaceAll("č", "c").toLowerCase().split(" ");
  return `${given}.${family}@contoso.example`;
}

/** Object ids of the groups by name. */
function populate(world: EntraWorld): ReadonlyMap<string, string> {
  return world.settled(() => {
    for (const name of PEOPLE) {
      const [givenName = "", surname = ""] = name.split(" ");
      world.addUser({ upn: upnOf(name), displayName: name, givenName, surname });
    }
    return new Map(
      Object.entries(TEAMS).map(([displayName, people]) => [
        displayName,
        world.addGroup({ displayName, members: people.map(upnOf) }).id,
      ]),
    );
  });
}

function mappings(groups: ReadonlyMap<string, string>): string {
  return `
[[realm.group]]
name = "pve-admins"
entra = "${groups.get("PVE Administrators")}"
acl = [ { path = "/", role = "Administrator" } ]
max_members = 5

[[realm.group]]
name = "pve-operators"
entra = "${groups.get("PVE Operators")}"
acl = [ { path = "/vms", role = "PVEVMUser" } ]
`;
}

function guide({ dir, configFile, entra, pve }: Stage): string {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const post = (url: string, body: object): string =>
    `curl -s -H 'content-type: application/json' -d '${JSON.stringify(body)}' ${url}`;
  return `Both emulators run until Ctrl-C.

  Proxmox VE     ${pve.url}
     control     ${pve.control.url}
  Entra          ${entra.loginUrl} (login and Graph)
     issuer      ${entra.issuer}
     control     ${entra.control.url}
  CA             ${dir}/ca.pem
  API token      ${dir}/pve-token
  agent app      ${dir}/agent.pem
  configuration  ${configFile}

The agent, in another terminal, in ${root}:
  node --import tsx src/main.ts plan --config ${configFile}
  node --import tsx src/main.ts run --config ${configFile}

The control ports (the same paths on both):
  curl -s ${pve.control.url}/world                 # the world as it is
  curl -s ${entra.control.url}/requests              # every request so far
  ${post(`${entra.control.url}/world`, { do: "join", group: "PVE Operators", member: "eva.lund@contoso.example" })}
  ${post(`${entra.control.url}/world`, { do: "disable", user: "bruno.costa@contoso.example" })}
  ${post(`${pve.control.url}/world`, { do: "createUser", userid: "farid.haddad@contoso.example@entra", enable: true })}
  ${post(`${entra.control.url}/faults`, { path: "transitiveMembers", times: 3, do: { kind: "status", status: 503 } })}
  ${post(`${pve.control.url}/faults`, { method: "PUT", skip: 1, do: { kind: "cut", when: "after" } })}
  ${post(`${pve.control.url}/time`, { advance: 3_600_000 })}   # one clock for both
`;
}

const stopped = new Promise<void>((resolve) => {
  process.once("SIGINT", () => resolve()).once("SIGTERM", () => resolve());
});
const stage = await setStage({ clock: createClock(), realm: REALM, secretDays: 5 });
try {
  stage.configure(mappings(populate(stage.entra.world)));
  process.stdout.write(guide(stage));
  await stopped;
} finally {
  await stage.close();
}
