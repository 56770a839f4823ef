/** The organisation, the plan, and its being carried out. */
import { realmSection } from "../mappings.js";
import { peopleOf, upnOf, useridOf } from "../organisation.js";
import { ADMINISTRATOR, DAY, MANUAL_GROUP } from "../play.js";
import type { Scene } from "./scene.js";

/** Signed in before there was an agent; PVE's autocreate made the user. */
const EARLY = "Ingrid Sørensen";

export const organisation: Scene = {
  title: "An organisation with Entra ID and a Proxmox VE",
  async play(play) {
    const { organisation, stage, tell, clock } = play;
    tell.say(
      `Contoso has ${organisation.size} people in ${organisation.groups.size} Entra groups, some inside others;`,
    );
    tell.say(
      `${organisation.guest.name} is a guest, the account of ${organisation.disabled} is disabled.`,
    );
    tell.check(organisation.size >= 60, `${organisation.size} people`);
    tell.say(`Proxmox VE has an administrator (${ADMINISTRATOR}), a group made by hand`);
    tell.say(`(${MANUAL_GROUP}) and a realm for Entra, set up half a year ago by hand.`);
    const [secret] = stage.entra.world.secretsOf(stage.sso.id);
    const days = ((secret?.end ?? 0) - clock.now()) / DAY;
    tell.check(
      days > 4.9 && days < 5.1,
      `The realm's client secret ends in ${Math.round(days)} days; then nobody gets in`,
    );
    const result = await play.door.signIn(upnOf(EARLY));
    const rights = result.in ? result.privileges.size : -1;
    tell.check(
      result.in && rights === 0,
      `${EARLY} signs in today and "can't see anything"`,
      result.in ? `there are rights on ${rights} paths` : result.because,
    );
    stage.configure(realmSection(organisation, { guests: false }));
  },
};

export const plan: Scene = {
  title: "The plan: what would be done, and why",
  async play(play) {
    const { stage, tell } = play;
    const before = stage.pve.userCfg();
    const asked = stage.pve.log.last();
    const { exit, text } = await play.command(["plan"], { most: 44 });
    tell.check(exit === 2, "plan says by its exit code that changes wait", `exit ${exit}`);
    tell.check(
      /new secret for entra/.test(text) && /join pve-admins/.test(text),
      "Secrets and groups are in one plan, each with its reason",
    );
    tell.check(
      text.includes(play.organisation.guest.name) || text.includes(play.organisation.guest.upn),
      "The guest is given nothing, and the plan says so",
    );
    const writes = play.writes(asked);
    tell.check(
      writes === 0 && stage.pve.userCfg() === before,
      "Nothing was written",
      `${writes} writes`,
    );
  },
};

const OPERATORS = peopleOf("IT Operations", "Platform Team", "Service Desk");
const DEVELOPERS = peopleOf("Backend", "Frontend", "Quality Assurance");

export const apply: Scene = {
  title: "The agent starts, and everybody is where Entra says",
  async play(play) {
    const { stage, tell } = play;
    const asked = stage.pve.log.last();
    tell.say("$ pve-entra-agent run          (as systemd starts it)");
    await play.startDaemon();
    await play.until("the first pass", async () => (await play.state()) !== "starting", 15);
    play.crowd.begin();
    const expected = new Map([
      ["pve-admins", peopleOf("PVE Administrators")],
      ["pve-operators", OPERATORS],
      ["pve-developers", DEVELOPERS],
      ["pve-auditors", peopleOf("Internal Audit")],
    ]);
    for (const [group, people] of expected) {
      const members = [...play.members(group)].sort();
      const same = JSON.stringify(members) === JSON.stringify(people.map(useridOf).sort());
      tell.check(same, `${group}: ${people.length} people, nested groups and all`, members.join());
    }
    const people = [...expected.values()].flat().length;
    const writes = play.writes(asked);
    // The realm's own write belongs to the rotation, which goes on beside the passes.
    const realm = stage.pve.log.entries({ after: asked, method: "PUT", path: "/access/domains/" });
    tell.check(
      writes - realm.length === people + 4 + 5,
      `${people} users, 4 groups and 5 ACL entries took one write each`,
      `${writes - realm.length} writes`,
    );
    tell.check(
      [...play.members(MANUAL_GROUP)].join() === "porter@pve" &&
        play.rights("porter@pve", "/vms/100").has("VM.Console") &&
        play.rights(ADMINISTRATOR, "/").has("Permissions.Modify"),
      `${MANUAL_GROUP} and ${ADMINISTRATOR} are as they were`,
    );
    const { exit } = await play.command(["sync"]);
    tell.check(exit === 0, "A second pass finds nothing more to do", `exit ${exit}`);
  },
};
