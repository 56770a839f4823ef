/** Scenarios about people, groups and entries. */
import { DOMAIN, mapping } from "../support/site.js";
import type { ConfigParts, Site, SiteOptions } from "../support/site.js";
import type { Scenario, Stage } from "./scenario.js";

const HOUR_MS = 60 * 60_000;
const sync = (): readonly string[] => ["sync", "--json"];
const upn = (name: string): string => `${name}@${DOMAIN}`;
export const userid = (name: string): string => `${upn(name)}@entra`;

/** What is not ours and stays as it is: somebody of another realm, a group by hand, its entry. */
export const FOREIGN: readonly string[] = [
  "user:oscar@pve:1:0:::oscar@home.example:by hand::",
  "group:manual:oscar@pve:by hand:",
  "acl:1:/storage:@manual:PVEDatastoreAdmin:",
];

/** An app's first secret lasts long enough that no rotation falls into these. */
const OPTIONS: SiteOptions = { users: FOREIGN, secretDays: 180 };

/** Nobody's write concerns these two: whatever happens to the others, they get and keep theirs. */
function bystanders(site: Site): string {
  const group = site.group("Developers", [site.addUser("frank")]);
  return mapping("dev", group, 'acl = [{ path = "/storage", role = "PVEDatastoreUser" }]');
}

const firstSync: Scenario = {
  name: "first sync",
  options: OPTIONS,
  build: (site): ConfigParts => {
    const ops = site.group("Operators", [site.addUser("anna"), site.addUser("bert")]);
    const acl = 'acl = [{ path = "/vms", role = "PVEVMUser" }]';
    return { groups: mapping("ops", ops, acl) + bystanders(site) };
  },
  steps: [{ name: "first sync", command: sync, exit: 0 }],
};

/** The deeper entry goes: taken away before the one above it, it would give what lies there. */
const BEFORE =
  'acl = [{ path = "/pool/prod", role = "PVEVMAdmin" }, { path = "/pool/prod/db", role = "PVEAuditor" }]';
const AFTER = 'acl = [{ path = "/pool/prod", role = "PVEVMUser" }]';

function changesParts(stage: Pick<Stage, "site">, acl: string, withOld: boolean): ConfigParts {
  const { world } = stage.site.entra;
  const id = (name: string): string => world.group(name).id;
  return {
    groups:
      mapping("ops", id("Operators"), acl) +
      mapping("dev", id("Developers"), 'acl = [{ path = "/storage", role = "PVEDatastoreUser" }]') +
      (withOld
        ? mapping("old", id("Old hands"), 'acl = [{ path = "/vms", role = "PVEAuditor" }]')
        : ""),
  };
}

const changes: Scenario = {
  name: "joins, leaves, a rename, a role swap and a mapping removed",
  options: OPTIONS,
  build: (site): ConfigParts => {
    const ops = ["anna", "bert", "dora"].map((name) => site.addUser(name));
    site.group("Operators", ops);
    bystanders(site);
    const emil = site.addUser("emil");
    site.group("Old hands", [emil]);
    site.entra.world.join("Developers", emil);
    return changesParts({ site }, BEFORE, true);
  },
  steps: [
    { name: "first sync", command: sync, exit: 0, undisturbed: true },
    {
      name: "the changes",
      prepare: (stage: Stage): void => {
        const { clock, entra, pve } = stage.site;
        const { world } = entra;
        clock.advance(25 * HOUR_MS);
        world.leave("Operators", upn("bert"));
        world.join("Operators", stage.site.addUser("cora"));
        world.rename(upn("dora"), upn("dora.married"));
        // What somebody gave by hand stays.
        pve.world.addToGroup(userid("anna"), "manual");
        stage.parts = changesParts(stage, AFTER, false);
      },
      command: sync,
      exit: 0,
    },
  ],
};

/** The ID of what the step before held, out of what it printed. */
function approvalId({ printed }: Stage): string {
  for (const line of printed.split("\n")) {
    const event: unknown = line === "" ? undefined : JSON.parse(line);
    const plan = (event as { plan?: { approval_id?: string | null } } | undefined)?.plan;
    if (typeof plan?.approval_id === "string") return plan.approval_id;
  }
  throw new Error(`nothing was held:\n${printed}`);
}

const held: Scenario = {
  name: "a held plan, approved",
  options: OPTIONS,
  build: (site): ConfigParts => {
    const ops = site.group(
      "Operators",
      ["anna", "bert"].map((name) => site.addUser(name)),
    );
    const acl = 'acl = [{ path = "/vms", role = "PVEVMUser" }]';
    return { groups: mapping("ops", ops, acl) + bystanders(site) };
  },
  steps: [
    { name: "first sync", command: sync, exit: 0, undisturbed: true },
    {
      name: "held",
      prepare: ({ site }: Stage): void => {
        site.clock.advance(25 * HOUR_MS);
        // Emptying a group of two is held; who comes in elsewhere does not wait for it.
        site.entra.world.leave("Operators", upn("anna"), upn("bert"));
        site.entra.world.join("Developers", site.addUser("gina"));
      },
      command: sync,
      exit: 3,
    },
    {
      name: "approved",
      command: (stage) => ["sync", "--json", "--approve", approvalId(stage)],
      exit: 0,
    },
  ],
};

export const PEOPLE: readonly Scenario[] = [firstSync, changes, held];
