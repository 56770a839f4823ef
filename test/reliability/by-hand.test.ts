/**
 * What people of the cluster edit by hand in the middle of a pass survives it: every kind of edit
 * in every gap between two requests of a pass that makes every kind of write. The one exception is
 * the gap between a write and the read that it follows; what can be lost there is enumerated, too.
 */
import t from "tap";
import { EDITS, read, ROUNDS } from "./by-hand-edits.js";
import type { Edit } from "./by-hand-edits.js";
import { createScene, disturbedPass, untilAtRest } from "./by-hand-scene.js";
import type { Scene } from "./by-hand-scene.js";
import { say } from "./size.js";
import type { Parked } from "./two-writers-traffic.js";

t.setTimeout(900_000);

/** What each edit within a window comes to: docs/reliability.md has it by kinds of write. */
const WITHIN = [
  // PUT of a user with a list of groups: the list is as it was read,
  "bob: is put into a manual group: the manual group is gone",
  "bob: is taken out of a manual group: is in the manual group again",
  "carl: is put into a manual group: the manual group is gone",
  "dora: is put into a manual group: the manual group is gone",
  "hal: is put into a manual group: the manual group is gone",
  // and without a comment it changes nothing else.
  "bob: is disabled: survives",
  "bob: the comment is edited beside the mark: survives",
  // PUT of a user with a comment: the comment is as it was read. Where it disables, an administrator
  // who does the same at this moment is not told from us.
  "carl: is disabled: is enabled again",
  "dora: is disabled: is enabled again",
  "hal: is disabled: survives",
  'carl: the comment is edited beside the mark: the comment is ""',
  'dora: the comment is edited beside the mark: the comment is ""',
  'hal: the comment is edited beside the mark: the comment is ""',
  'eve: the comment is edited beside the mark: the comment is ""',
  // PUT of a user with append=1: no group is lost.
  "eve: is put into a manual group: survives",
  // PUT of a group: the comment is as it was read.
  'taken: the comment is edited before it is taken over: the comment is "theirs until now [entra:entra]"',
  // DELETE takes along whatever is there by then.
  "gus: is enabled: the user is gone",
  "old: gets a member of another realm: the member is gone",
  "old: its mark is taken away: the group is gone",
  "old: gets an ACL entry by hand: the entry is gone",
];
/** Before a deletion the ACL is read, then the user or group itself: no one read shows both. */
const TWO_WIDE = [["old: gets an ACL entry by hand", 2]];

/** How one edit in one gap fared. */
interface Fate {
  readonly edit: Edit;
  readonly gap: number;
  /** What the write is about, if the edit came between that write and the read that it follows. */
  readonly window?: string;
  readonly lost?: string;
}

/** `PUT /access/users/bob…` without host, prefix and escapes. */
function pathOf(request: Pick<Parked, "path">): string {
  return decodeURIComponent(request.path.replace("/api2/json", "").split("?")[0] ?? "");
}

/** Which edits' windows are open: what shows the thing was read, and it is not written yet. */
class Windows {
  readonly #read = new Set<string>();
  /** Of the lists at the beginning, nothing is written before something else has been looked at. */
  #observed = false;

  note(request: Parked): void {
    if (request.system === "entra") this.#observed = true;
    if (!this.#observed || request.system !== "pve") return;
    if (request.method === "GET") this.#read.add(pathOf(request));
    else this.#read.clear();
  }

  /** What is about to be sent, where it is the write that this look is for, or the rest of the look. */
  open(edit: Edit, next: Parked): string | undefined {
    const path = pathOf(next);
    const read = edit.shownBy.every((shown) => this.#read.has(shown));
    return read && edit.writtenBy.includes(path) ? path : undefined;
  }
}

/** One pass with a round of edits before its request number `gap`, then passes until all is at rest. */
async function run(
  scene: Scene,
  round: number,
  gap: number,
): Promise<readonly Fate[] | "no such gap"> {
  scene.rewind();
  const made: Made[] = [];
  const windows = new Windows();
  let request = 0;
  let previous: Parked | undefined;
  await disturbedPass(scene, (next) => {
    request += 1;
    if (previous !== undefined) windows.note(previous);
    previous = next;
    if (request !== gap) return;
    const cfg = read(scene);
    for (const edit of EDITS) {
      if (edit.round !== round || !edit.applies(cfg)) continue;
      const window = windows.open(edit, next);
      edit.make(scene);
      made.push({ edit, ...(window === undefined ? {} : { window }) });
    }
  });
  if (request < gap) return "no such gap";
  await untilAtRest(scene.bed, scene.agent, scene.config);
  // Whoever left comes back, for whether we may enable them again is told by that alone.
  const comeBack = made.some(({ edit }) => edit.needsReturn);
  if (!comeBack) return fates(scene, made, gap);
  const { world } = scene.bed.tenant;
  world.join(scene.ops, scene.idOf.get("carl") ?? "");
  world.enable(scene.idOf.get("dora") ?? "");
  await untilAtRest(scene.bed, scene.agent, scene.config);
  return fates(scene, made, gap);
}

interface Made {
  readonly edit: Edit;
  readonly window?: string;
}

function fates(scene: Scene, made: readonly Made[], gap: number): readonly Fate[] {
  const cfg = read(scene);
  return made.map(({ edit, window }) => {
    const lost = edit.lost(cfg, scene);
    return {
      ...{ edit, gap },
      ...(window === undefined ? {} : { window }),
      ...(lost === undefined ? {} : { lost }),
    };
  });
}

/** One line for each edit and what became of it: `bob: is disabled: is enabled again (4 5 6)`. */
function summed(lost: readonly Fate[]): readonly string[] {
  const gaps = new Map<string, number[]>();
  for (const { edit, gap, lost: why } of lost) {
    const key = `${edit.name}: ${why ?? ""}`;
    gaps.set(key, [...(gaps.get(key) ?? []), gap]);
  }
  return [...gaps].map(([key, where]) => `${key} (before request ${where.join(" ")})`);
}

async function everyGap(scene: Scene): Promise<readonly Fate[]> {
  const fates: Fate[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let gap = 1; ; gap += 1) {
      const fared = await run(scene, round, gap);
      if (fared === "no such gap") break;
      fates.push(...fared);
    }
  }
  return fates;
}

t.test(
  "an edit in any gap survives, but between a read and the write that follows it",
  async (t) => {
    const scene = await createScene();
    t.teardown(() => scene.close());
    const fates = await everyGap(scene);
    const outside = fates.filter(({ window }) => window === undefined);
    const lost = outside.filter((fate) => fate.lost !== undefined);
    t.strictSame(summed(lost), []);
    const inside = fates.filter(({ window }) => window !== undefined);
    const widths = new Map<string, number>();
    for (const { edit } of inside) widths.set(edit.name, (widths.get(edit.name) ?? 0) + 1);
    const wide = [...widths].filter(([, gaps]) => gaps > 1);
    t.strictSame(wide, TWO_WIDE, "every other window is one gap wide");
    const fared = inside.map(({ edit, lost: why }) => `${edit.name}: ${why ?? "survives"}`);
    t.strictSame([...new Set(fared)].sort(), [...WITHIN].sort());
    say(
      `by hand: ${outside.length - lost.length} of ${outside.length} edits outside a window survive`,
    );
  },
);
