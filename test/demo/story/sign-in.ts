/** Who signs in now has what the groups say, and no more. */
import { upnOf } from "../organisation.js";
import type { Play } from "../play.js";
import type { Scene } from "./scene.js";

interface Visitor {
  readonly name: string;
  readonly what: string;
  readonly may: readonly (readonly [path: string, privilege: string])[];
  readonly mayNot: readonly (readonly [path: string, privilege: string])[];
}

const VISITORS: readonly Visitor[] = [
  {
    name: "Margarethe Vogel",
    what: "is an administrator",
    may: [["/", "Permissions.Modify"]],
    mayNot: [],
  },
  {
    name: "Ingrid Sørensen",
    what: "operates all machines (by a nested group), and no more",
    may: [["/vms", "VM.PowerMgmt"]],
    mayNot: [
      ["/", "Sys.Audit"],
      ["/access", "User.Modify"],
    ],
  },
  {
    name: "Þórdís Jónsdóttir",
    what: "uses the machines of the development pool, and no more",
    may: [["/pool/development", "VM.Console"]],
    mayNot: [["/vms", "VM.Console"]],
  },
  {
    name: "Charlotte Müller",
    what: "from Sales gets in and sees nothing, as before",
    may: [],
    mayNot: [["/", "Sys.Audit"]],
  },
];

export const signIn: Scene = {
  title: "People sign in and have the right rights",
  async play(play) {
    for (const visitor of VISITORS) await visit(play, visitor);
    const disabled = await play.door.signIn(upnOf(play.organisation.disabled));
    play.tell.check(
      !disabled.in,
      `${play.organisation.disabled}, disabled in Entra, does not get in`,
    );
    if (!disabled.in) play.tell.say(`    "${disabled.because}"`);
  },
};

async function visit({ door, tell }: Play, { name, what, may, mayNot }: Visitor): Promise<void> {
  const result = await door.signIn(upnOf(name));
  if (!result.in) {
    tell.check(false, `${name} ${what}`, result.because);
    return;
  }
  const has = ([path, privilege]: readonly [string, string]): boolean =>
    result.privileges.get(path)?.has(privilege) === true;
  const missing = may.filter((one) => !has(one));
  const extra = mayNot.filter(has);
  const wrong = [...missing, ...extra].map(([path, privilege]) => `${path} ${privilege}`);
  tell.check(wrong.length === 0, `${name} ${what}`, wrong.join(", "));
}
