/** The installed service, as an administrator on the node sees it. */
import type { Node } from "./node.js";
import type { Said } from "./program.js";
import { until } from "./until.js";

export const UNIT = "pve-entra-agent.service";
export const HEALTH_PORT = 9646;

/** Properties of systemctl show. */
export async function show<Name extends string>(
  node: Node,
  ...names: readonly Name[]
): Promise<Record<Name, string>> {
  const text = await node.must("systemctl", "show", UNIT, ...names.map((name) => `-p${name}`));
  const entries = text
    .trimEnd()
    .split("\n")
    .map((line): [string, string] => {
      const [name = "", ...value] = line.split("=");
      return [name, value.join("=")];
    });
  return Object.fromEntries(entries) as Record<Name, string>;
}

export async function statusText(node: Node): Promise<string> {
  return (await show(node, "StatusText")).StatusText;
}

/** Health is asked for, and has the new state at once; systemd is told of it a moment later. */
export async function untilStatus(node: Node, says: RegExp): Promise<string> {
  return until(`the status says ${says.source}`, async () => {
    const text = await statusText(node);
    return says.test(text) && text;
  });
}

export async function mainPid(node: Node): Promise<number> {
  return Number((await show(node, "MainPID")).MainPID);
}

/** The answer of /health; undefined while nobody answers. */
export async function health(node: Node): Promise<Health | undefined> {
  const url = `http://127.0.0.1:${HEALTH_PORT}/health`;
  const { code, out } = await node.run("curl", "--silent", "--max-time", "5", url);
  return code === 0 ? (JSON.parse(out) as Health) : undefined;
}

export interface Health {
  readonly state: string;
  readonly reasons: readonly string[];
  readonly findings: readonly { readonly code: string }[];
  readonly realms: Readonly<
    Record<
      string,
      {
        readonly secret: { readonly expires: string | null };
        readonly sync: { readonly last_success: string | null; readonly held: number };
      }
    >
  >;
}

export async function untilState(node: Node, state: string): Promise<Health> {
  return until(`health says ${state}`, async () => {
    const now = await health(node);
    return now?.state === state ? now : undefined;
  });
}

/** Up, and with another process than before. */
export async function untilRestarted(node: Node, before: number): Promise<number> {
  return until("another process is up", async () => {
    const { MainPID, ActiveState } = await show(node, "MainPID", "ActiveState");
    const pid = Number(MainPID);
    return ActiveState === "active" && pid > 0 && pid !== before ? pid : undefined;
  });
}

/** A drop-in of the unit; without text, it is taken away. Loaded, but nothing is restarted. */
export async function dropIn(node: Node, name: string, text?: string): Promise<void> {
  const dir = `/run/systemd/system/${UNIT}.d`;
  // Through the node: its /run is a file system of its own.
  const script =
    text === undefined
      ? `rm ${dir}/${name}.conf; rmdir --ignore-fail-on-non-empty ${dir}`
      : `mkdir -p ${dir} && cat > ${dir}/${name}.conf <<'END'\n${text}\nEND`;
  await node.must("sh", "-c", script);
  await node.must("systemctl", "daemon-reload");
}

/** What journalctl says once journald has read whatever was sent to it so far: it does so by and by. */
export async function journal(node: Node, ...args: readonly string[]): Promise<string> {
  await node.must("journalctl", "--sync");
  return node.must("journalctl", "--no-pager", ...args);
}

/** `systemctl status`, with the lines of the log that it shows; whatever its exit code. */
export async function status(node: Node): Promise<Said> {
  await node.must("journalctl", "--sync");
  return node.run("systemctl", "status", "--no-pager", "--full", UNIT);
}

export interface Entry {
  readonly MESSAGE: string;
  readonly PRIORITY?: string;
  readonly MESSAGE_ID?: string;
  readonly [field: string]: unknown;
}

/** What journalctl has of the unit, the oldest first. */
export async function entries(node: Node, ...filter: readonly string[]): Promise<readonly Entry[]> {
  const text = await journal(node, "-u", UNIT, "-o", "json", ...filter);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}
