/** A whole site in memory: organisation, PVE, configuration, journal, and passes of the program. */
import type { Config } from "../../src/config/types.js";
import type { ObjectId, OwnSide, QuestionKey } from "../../src/decide/facts.js";
import { decide } from "../../src/decide/decide.js";
import type { SyncFacts } from "../../src/decide/decide.js";
import type { Plan } from "../../src/decide/plan.js";
import { AgentError } from "../../src/errors.js";
import type { Finding } from "../../src/errors.js";
import { readJournal } from "../../src/journal/index.js";
import type { Journal } from "../../src/journal/index.js";
import { silentLog } from "../../src/log.js";
import { observe } from "../../src/pass/observe.js";
import { sha256, syncRealms } from "../../src/pass/sync.js";
import type { SyncOutcome } from "../../src/pass/sync.js";
import type { AccessPort, DirectoryPort } from "../../src/ports.js";
import { buildDomainsCfg, buildUserCfg } from "../emulators/pve/default-world.js";
import { NODE } from "../support/machine.js";
import { standingClock } from "../support/world-clock.js";
import { CLIENT, configOf, ISSUER, REALMS } from "./config.js";
import { edit } from "./deeds.js";
import type { Edit } from "./deeds.js";
import { ALL_GROUPS, FLAGS, MAPPED, PATHS, ROLES, TEXTS } from "./draw.js";
import type { LifeDraw, StepDraw, UserDraw } from "./draw.js";
import { naiveUserid } from "./names.js";
import { MemoryPve } from "./pve.js";
import type { Fate, Sent } from "./pve.js";
import { groupIdOf, Hearing, idOf, Tenant } from "./tenant.js";

const HOUR = 3_600_000;
const never = new AbortController().signal;
const LOCALS = ["local@pve", "admin@pve"] as const;

/** One look at both sides, and what was decided of it. */
export interface Look {
  readonly facts: SyncFacts;
  readonly plan: Plan;
  /** user.cfg as it was read. */
  readonly userCfg: string;
}

export interface PassResult {
  readonly looks: readonly Look[];
  readonly outcome?: SyncOutcome;
  /** What made the pass impossible. */
  readonly thrown?: AgentError;
  readonly hearing: Hearing;
  readonly before: string;
  readonly after: string;
}

export interface PassWatch {
  /** A look is about to be acted upon. */
  look(look: Look): void;
  write(sent: Sent, before: string, after: string): void;
}

export class LivingSite {
  readonly clock = standingClock();
  readonly tenant: Tenant;
  readonly pve: MemoryPve;
  readonly configs: readonly Config[];
  readonly claims: ReadonlyMap<string, string>;
  journal: Journal;
  /** Whether the last thing that happened was a pass that wrote nothing. */
  config: Config;
  #approve: string | undefined;

  constructor(readonly draw: LifeDraw) {
    this.tenant = new Tenant(draw.people);
    const realms = draw.configs[0].realms;
    this.claims = new Map(realms.map(({ claim }, n) => [REALMS[n] ?? "", claim]));
    this.pve = new MemoryPve(userCfgOf(draw), domainsCfgOf(this.claims), this.clock);
    populate(this, draw);
    this.configs = draw.configs.map(configOf);
    this.config = this.configs[0] as Config;
    this.clock.advance(-draw.hoursOld * HOUR);
    this.journal = this.#newJournal();
    this.clock.advance(draw.hoursOld * HOUR);
  }

  /** What happens between two passes; gives back the deeds that could be done. */
  live(step: StepDraw): readonly Edit[] {
    this.tenant.replicate();
    const done = step.edits.filter((one) => edit(this, one));
    this.clock.advance(step.hours * HOUR + 300_000);
    this.config = this.configs[step.config] ?? this.config;
    if (step.loseJournal) this.loseJournal();
    return done;
  }

  loseJournal(): void {
    this.journal.close();
    this.journal = this.#newJournal();
    this.#approve = undefined;
  }

  async pass(
    step: Pick<StepDraw, "lies" | "faults" | "approve" | "clockOffMinutes">,
    watch: PassWatch,
  ): Promise<PassResult> {
    const { config } = this;
    const hearing = new Hearing(this.tenant, step.lies);
    const before = this.pve.state.userCfgText;
    const recorder = new Recorder(this, hearing, step.clockOffMinutes * 60_000, watch);
    const fates = fatesOf(step);
    this.pve.fate = fates.fate;
    this.pve.watch = (sent, old, now) => watch.write(sent, old, now);
    const names = config.realms.map(({ name }) => name);
    const pass = this.journal.beginPass(names, "test");
    const approve = step.approve ? this.#approve : undefined;
    let outcome: SyncOutcome | undefined;
    let thrown: AgentError | undefined;
    try {
      const ports = { ...recorder.ports(), now: () => this.clock.now() };
      const first = await observe(config, config.realms, ports, ports.history, never);
      outcome = await syncRealms(
        first,
        pass,
        true,
        {
          ...ports,
          config,
          realms: config.realms,
          journal: recorder.journal(),
          lease: { check: async () => fates.lease() },
          done: () => undefined,
          planned: () => undefined,
          ...(approve === undefined ? {} : { approve: { id: approve, by: "root" } }),
        },
        never,
      );
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      thrown = error;
    }
    this.journal.endPass(pass, new Map(), 0);
    this.#approve = outcome?.plan.approvalId;
    return {
      looks: recorder.looks,
      ...(outcome === undefined ? {} : { outcome }),
      ...(thrown === undefined ? {} : { thrown }),
      hearing,
      before,
      after: this.pve.state.userCfgText,
    };
  }

  close(): void {
    this.journal.close();
  }

  /** In memory: no folder of this name is there to be read. */
  #newJournal(): Journal {
    return readJournal({ dir: "/nonexistent", clock: this.clock, log: silentLog, ...NODE });
  }
}

/** Puts the facts of each look together from what the program asked for, as it did. */
class Recorder {
  readonly looks: Look[] = [];
  #parts: Partial<SyncFacts> & { answers: Map<QuestionKey, OwnSide> } = { answers: new Map() };
  #userCfg = "";
  #fresh = false;

  constructor(
    readonly site: LivingSite,
    readonly hearing: Hearing,
    readonly offset: number,
    readonly watch: PassWatch,
  ) {}

  ports(): { access: AccessPort; directory: DirectoryPort; history: SyncHistory } {
    const port = this.site.pve.port();
    const { hearing } = this;
    return {
      access: {
        ...port,
        observe: async (realms, signal) => {
          this.#userCfg = this.site.pve.state.userCfgText;
          this.#parts = { answers: new Map() };
          this.#fresh = true;
          const observation = await port.observe(realms, signal);
          this.#parts = { ...this.#parts, access: observation.access };
          return observation;
        },
        write: async (write, groups, signal) => {
          this.#settle();
          return port.write(write, groups, signal);
        },
      },
      directory: {
        readGroups: async (ids) => {
          const read = await hearing.readGroups(ids);
          this.#parts = { ...this.#parts, directory: { ...read, answers: new Map() } };
          return read;
        },
        ask: async (questions) => {
          const heard = await hearing.ask(questions);
          if (this.#fresh) for (const [key, own] of heard) this.#parts.answers.set(key, own);
          return heard;
        },
        serverTime: () => ({ now: this.site.clock.now(), localOffsetMs: this.offset }),
      },
      history: (now) => this.#history(now),
    };
  }

  /** The journal itself, but for the history, which is remembered. */
  journal(): Journal {
    const { journal } = this.site;
    return new Proxy(journal, {
      get: (target, name) => {
        if (name === "history") return (now: number) => this.#history(now);
        // What was decided is remembered here before the first write.
        if (name === "forgetAbsent") this.#settle();
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  #history(now: number): SyncFacts["history"] {
    const history = this.site.journal.history(now);
    this.#parts = { ...this.#parts, history };
    return history;
  }

  /** The look is complete: what was decided of it is decided once more, and must be the same. */
  #settle(): void {
    if (!this.#fresh) return;
    this.#fresh = false;
    const { access, directory, history, answers } = this.#parts;
    if (access === undefined || directory === undefined || history === undefined) {
      throw new Error("decided before everything was read");
    }
    const facts: SyncFacts = {
      config: this.site.config,
      realms: this.site.config.realms,
      issuer: ISSUER,
      access,
      history,
      directory: { ...directory, answers },
      time: { now: this.site.clock.now(), localOffsetMs: this.offset },
    };
    const look = { facts, plan: decide(facts, sha256).plan, userCfg: this.#userCfg };
    this.looks.push(look);
    this.watch.look(look);
  }
}

type SyncHistory = (now: number) => SyncFacts["history"];

/** What the faults of a step make of each write. */
function fatesOf({ faults }: Pick<StepDraw, "faults">): {
  fate: (sent: Sent) => Fate;
  lease: () => { mayWrite: true } | { mayWrite: false; finding: Finding };
} {
  let sent = 0;
  let unknowns = 0;
  const stop = faults.find(({ kind }) => kind === "stopped");
  return {
    fate: (write) => {
      sent += 1;
      for (const fault of faults) {
        const nth = fault.a % 8 === sent - 1;
        if (fault.kind === "refused-once" && nth) return "refused";
        if (fault.kind === "refused-person" && isAbout(write, `person ${fault.a}`))
          return "refused";
        if (fault.kind === "refused-group" && isAbout(write, `group ${fault.a}`)) return "refused";
        if (fault.kind === "refused-path" && isAbout(write, `path ${fault.a}`)) return "refused";
        const unknown = fault.kind.startsWith("unknown") && nth && unknowns < 2;
        if (!unknown) continue;
        unknowns += 1;
        return fault.kind === "unknown-with-effect" ? "lost-after" : "lost-before";
      }
      return "done";
    },
    lease: () =>
      stop !== undefined && sent >= stop.a % 8
        ? { mayWrite: false, finding: { code: "CLUSTER_STANDBY", message: "another node writes" } }
        : { mayWrite: true },
  };
}

function isAbout({ path, form }: Sent, what: string): boolean {
  const [kind = "", number = "0"] = what.split(" ");
  const n = Number(number);
  const params = new URLSearchParams(form);
  if (kind === "path") return params.get("path") === (PATHS[n % PATHS.length] ?? "/");
  if (kind === "group") {
    const group = ALL_GROUPS[n % ALL_GROUPS.length] ?? "";
    const named = `${params.get("groups") ?? ""},${params.get("groupid") ?? ""}`.split(",");
    return named.includes(group) || path.endsWith(`/groups/${group}`);
  }
  // Comments and paths name people in many ways: whoever has this remainder is meant.
  return path.startsWith("/access/users/") && [...path].length % 6 === n % 6;
}

// ---------------------------------------------------------------- how a site begins

function userCfgOf(draw: LifeDraw): string {
  return buildUserCfg({
    realms: [...REALMS],
    aclPaths: [...draw.aclPaths],
    extra: [
      ...LOCALS.map((userid) => `user:${userid}:1:0::::::`),
      "pool:p1::100:s1:",
      "role:Watch:VM.Audit:",
      "role:Desk:VM.Console:",
      "role:Store:Datastore.Audit:",
      "role:Void::",
    ],
  });
}

function domainsCfgOf(claims: ReadonlyMap<string, string>): string {
  return buildDomainsCfg(
    ...REALMS.map((name) => ({
      name,
      issuerUrl: ISSUER,
      clientId: CLIENT,
      usernameClaim: claims.get(name) ?? "upn",
    })),
  );
}

function populate({ tenant, pve: { admin, state } }: LivingSite, draw: LifeDraw): void {
  [...MAPPED, "old"].forEach((group, n) => {
    const comment = draw.groups[n];
    if (comment !== undefined) admin.createGroup(group, comment);
  });
  admin.createGroup("manual", "");
  admin.createGroup("theirs", "[entra:other]");
  const realms = draw.configs[0].realms;
  for (const user of draw.users) addUser(tenant, admin, state, realms, user);
  admin.addToGroup("local@pve", "manual");
  if (state.users.groups.has("ops")) admin.addToGroup("local@pve", "ops");
  const users = [...state.users.users.keys()].filter((one) => /@(entra|partner)$/.test(one));
  const holders = [...users, ...LOCALS];
  for (const { holder, path, role, propagate } of draw.entries) {
    const entry = { path: PATHS[path] ?? "/", role: ROLES[role] ?? "Watch", propagate };
    const group = ALL_GROUPS[holder];
    const userid = holders[holder - ALL_GROUPS.length] ?? "local@pve";
    if (group === undefined) admin.addAcl({ ...entry, users: [userid] });
    else if (state.users.groups.has(group)) admin.addAcl({ ...entry, groups: [group] });
  }
}

function addUser(
  tenant: Tenant,
  admin: MemoryPve["admin"],
  state: MemoryPve["state"],
  realms: LifeDraw["configs"][0]["realms"],
  draw: UserDraw,
): void {
  const realm = REALMS[draw.realm] ?? "entra";
  const claim = realms[draw.realm]?.claim ?? "upn";
  const soul = tenant.souls.get(idOf(draw.person));
  const named = soul && naiveUserid(soul.record, claim, realm);
  const userid = named ?? `stray${draw.person}@x.example@${realm}`;
  if (state.users.users.has(userid)) return;
  const whose: ObjectId | undefined =
    draw.mark === "own" ? soul?.record.id : draw.mark < 0 ? undefined : idOf(draw.mark);
  const mark = whose === undefined ? "" : `[entra:${whose}${FLAGS[draw.flags] ?? ""}]`;
  const text = TEXTS[draw.text] ?? "";
  // PVE holds 2048 characters of a comment: a long text leaves no room for a mark.
  const comment = [text, mark].filter((one) => one !== "").join(" ");
  admin.createUser(userid, {
    enable: draw.enable,
    comment: comment.length > 2048 ? text : comment,
    groups: draw.groups
      .map((n) => ALL_GROUPS[n] ?? "")
      .filter((group) => state.users.groups.has(group)),
  });
}

export { groupIdOf };
