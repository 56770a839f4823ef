/** What every scene of the story works with: the site, the daemon, the commands, and the time. */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../src/agent.js";
import type { Io } from "../../src/commands/io.js";
import { startDaemon } from "../../src/daemon/start.js";
import type { Daemon } from "../../src/daemon/daemon.js";
import { createLog } from "../../src/log.js";
import { main } from "../../src/main.js";
import { effectivePrivileges, parseUserCfg } from "../emulators/pve/index.js";
import { encodeUtf8 } from "../emulators/pve/perl.js";
import { createSignIn } from "../emulators/signin/index.js";
import type { SignIn } from "../emulators/signin/index.js";
import { StoryClock } from "./clock.js";
import { Crowd } from "./crowd.js";
import { NODE } from "./machine.js";
import { DOMAIN, found, peopleOf, REALM, TENANT_DOMAIN, upnOf } from "./organisation.js";
import type { Organisation } from "./organisation.js";
import { storySchedule } from "./schedule.js";
import type { Rounds } from "./schedule.js";
import { setStage } from "./stage.js";
import type { Stage } from "./stage.js";
import type { Teller } from "./terminal.js";

/** Virtual milliseconds per real one: a minute of the story takes 0.6 s. */
export const RATE = 100;
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** Every replica of the emulated Entra knows everything after this. */
export const SETTLED = 95 * SECOND;

export const VERSION = "0.1.0";
export const MANUAL_GROUP = "night-watch";
export const ADMINISTRATOR = "chief@pve";

/** Lines of user.cfg that were there before the agent. */
const BEFORE_US = [
  `user:${ADMINISTRATOR}:1:0:Ulrike:Brandt:chief@${DOMAIN}:Head of IT::`,
  "user:porter@pve:1:0::::Night porter::",
  `group:${MANUAL_GROUP}:porter@pve:made by hand:`,
  `acl:1:/:${ADMINISTRATOR}:Administrator:`,
  `acl:1:/vms/100:@${MANUAL_GROUP}:PVEVMUser:`,
];

export interface Ran {
  readonly exit: number;
  readonly text: string;
}

export class Play {
  readonly rounds: Rounds;
  readonly crowd: Crowd;
  /** What is to be ended when the story ends, however it ends. */
  readonly closers: (() => Promise<void>)[] = [];
  #daemon: Daemon | undefined;

  private constructor(
    readonly clock: StoryClock,
    readonly stage: Stage,
    readonly organisation: Organisation,
    readonly door: SignIn,
    readonly tell: Teller,
  ) {
    this.rounds = storySchedule(clock);
    // People whom nothing in the story touches: a refusal can only be the secret's doing.
    this.crowd = new Crowd(door, peopleOf("Platform Team", "Quality Assurance").map(upnOf), clock);
  }

  static async open(tell: Teller): Promise<Play> {
    const clock = new StoryClock(Date.now(), RATE);
    let stage: Stage | undefined;
    try {
      stage = await setStage({
        clock,
        realm: REALM,
        secretDays: 5,
        entra: { domain: TENANT_DOMAIN },
        users: BEFORE_US,
      });
      const organisation = found(stage.entra.world);
      const door = createSignIn({ pve: stage.pve, entra: stage.entra, realm: REALM });
      return new Play(clock, stage, organisation, door, tell);
    } catch (thrown) {
      await stage?.close();
      clock.stop();
      throw thrown;
    }
  }

  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error("no daemon runs");
    return this.#daemon;
  }

  get logFile(): string {
    return join(this.stage.dir, "daemon.log");
  }

  /** As `pve-entra-agent run` does, but in this process and on the demo's clock. */
  async startDaemon(): Promise<void> {
    this.#daemon = await startDaemon({
      configFile: this.stage.configFile,
      machine: this.#machine("info", (line) => appendFileSync(this.logFile, line)),
      version: VERSION,
      startSchedule: this.rounds.start,
    });
  }

  async stopDaemon(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = undefined;
  }

  /** One command line as a user gives it. Shows `most` lines of what it printed; 0: nothing. */
  async command(
    args: readonly string[],
    { root = false, most = 24 }: { root?: boolean; most?: number } = {},
  ): Promise<Ran> {
    let text = "";
    const take = (more: string): void => void (text += more);
    const io: Io = {
      out: take,
      err: (more) => (more.startsWith("\r") ? process.stderr.write(more) : take(more)),
      terminal: this.tell.colours,
      version: VERSION,
      uid: root ? 0 : process.getuid?.(),
      onSignal: () => () => undefined,
      machine: this.#machine("warn", take, root ? { SUDO_USER: "ulrike" } : {}),
    };
    const exit = await main([...args, "--config", this.stage.configFile], io);
    if (most > 0) {
      const line = `${root ? "sudo " : ""}pve-entra-agent ${args.join(" ")}`;
      this.tell.command(line, text, exit, most);
    }
    return { exit, text };
  }

  /** Waits until something is so; throws where it is not within so many minutes of the story. */
  async until(what: string, is: () => boolean | Promise<boolean>, minutes: number): Promise<void> {
    const end = this.clock.monotonic() + minutes * MINUTE;
    while (!(await is())) {
      if (this.clock.monotonic() > end) throw new Error(`${what}: not within ${minutes} minutes`);
      await this.clock.sleep(2 * SECOND);
    }
  }

  /**
   * Lets time leap, some hours at a time; after each of them the daemon makes its pass and one
   * person signs in.
   */
  async leap(total: number, each: number): Promise<void> {
    await this.crowd.rest();
    for (let left = total; left > 0; left -= each) {
      const before = this.rounds.done();
      this.clock.advance(Math.min(each, left));
      await this.until("the pass after a leap", () => this.rounds.done() > before, 15);
      await this.crowd.one();
    }
    this.crowd.begin();
  }

  rights(userid: string, path: string): ReadonlySet<string> {
    return effectivePrivileges(this.stage.pve.userCfg(), userid, path);
  }

  isEnabled(userid: string): boolean {
    return this.#users().users.get(userid)?.enable === true;
  }

  members(group: string): ReadonlySet<string> {
    return this.#users().groups.get(group)?.users ?? new Set();
  }

  /** Writes that PVE was sent since request number `after`. */
  writes(after: number): number {
    const { log } = this.stage.pve;
    return log.entries({ after }).filter(({ method }) => method !== "GET").length;
  }

  async health(): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(`${this.daemon.healthUrl}/health`);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** The one word that health has for everything. */
  async state(): Promise<unknown> {
    return (await this.health()).body.state;
  }

  /** One series of `/metrics`, named as it is there, labels and all. */
  async metric(series: string): Promise<number | undefined> {
    const answer = await fetch(`${this.daemon.healthUrl}/metrics`);
    const lines = (await answer.text()).split("\n");
    const line = lines.find((one) => one.startsWith(`pve_entra_agent_${series} `));
    return line === undefined ? undefined : Number(line.split(" ").at(-1));
  }

  log(): string {
    return readFileSync(this.logFile, "utf8");
  }

  /** Ends everything and leaves nothing behind, whatever of it fails to end. */
  async close(): Promise<void> {
    const steps = [
      ...this.closers.splice(0),
      () => this.crowd.rest(),
      () => this.stopDaemon(),
      () => this.door.close(),
      () => this.stage.close(),
      async () => this.clock.stop(),
    ];
    const failures: unknown[] = [];
    for (const step of steps) await step().catch((why) => failures.push(why));
    if (failures.length > 0) throw new AggregateError(failures, "not everything came to its end");
  }

  #users(): ReturnType<typeof parseUserCfg> {
    return parseUserCfg(encodeUtf8(this.stage.pve.userCfg()));
  }

  #machine(
    level: "info" | "warn",
    write: (line: string) => void,
    env: Machine["env"] = {},
  ): Machine {
    const { clock } = this;
    const log = createLog({ level, format: "line", clock, write });
    return { clock, log, ...NODE, random: Math.random, env };
  }
}
