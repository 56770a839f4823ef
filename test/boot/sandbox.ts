/** What the unit lets the program do: asked from within, by others in the place of the program. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { Test } from "tap";
import { must } from "../package/run.js";
import type { Node } from "./node.js";
import { FORBIDDEN_FILES } from "./pve-files.js";
import type { Probed, ProbeQuestions } from "./sandbox-probe.js";
import { journal, UNIT } from "./service.js";
import type { Story } from "./story.js";

/** systemd-analyze counts from 0 (closed) to 10 (open). */
const HIGHEST_EXPOSURE = 1.2;
const STATE = "/var/lib/pve-entra-agent";
const PLACE = "/usr/local/lib/pve-entra-probe";
const PROBE_UNIT = "pve-entra-probe.service";
const UNIT_FILE = `/run/systemd/system/${PROBE_UNIT}`;

/** State, socket, and temporary folders that no other process shares. */
const OWN_FOLDERS = [STATE, "/run/pve-entra-agent", "/tmp", "/var/tmp"];
const PROGRAMS: ProbeQuestions["programs"] = [
  ["/bin/sh", "-c", "true"],
  ["/usr/bin/true"],
  ["/usr/bin/curl", "--version"],
  // The dynamic linker may be executed, and would execute anything.
  ["/usr/lib64/ld-linux-x86-64.so.2", "/usr/bin/true"],
  // Of its own making.
  ...OWN_FOLDERS.map((folder): [string] => [`${folder}/pve-entra-probe-program`]),
];

export async function scored(t: Test, { node }: Story): Promise<void> {
  const text = await node.must("systemd-analyze", "security", "--no-pager", UNIT);
  const [, exposure = "none"] = /Overall exposure level for \S+: ([\d.]+)/.exec(text) ?? [];
  t.ok(Number(exposure) <= HIGHEST_EXPOSURE, `systemd-analyze security: ${exposure}`);
}

/**
 * A second unit from the very file of the first: systemd builds the same sandbox for it, beside the
 * service, whose runtime folder must outlive it. The second program is one more that may be run.
 */
const DROP_IN = `[Service]
Type=oneshot
Restart=no
WatchdogSec=0
RuntimeDirectoryPreserve=yes
ExecPaths=${PLACE}/kernel
ExecStart=
ExecStart=/usr/bin/node ${PLACE}/probe.mjs ${PLACE}/questions.json
ExecStart=${PLACE}/kernel
`;

export async function confined(t: Test, { node, outside, lab }: Story): Promise<void> {
  const questions: ProbeQuestions = {
    answer: `${STATE}/probe.json`,
    forbidden: FORBIDDEN_FILES,
    programs: PROGRAMS,
    url: outside.facts.pveUrl,
    ca: "pve-root-ca.pem",
    credentials: ["node_pve-token", "node_agent.pem"],
  };
  place(node, lab.dir, questions);
  await node.must(
    "sh",
    "-ec",
    `cp /usr/lib/systemd/system/${UNIT} ${UNIT_FILE}
    mkdir ${UNIT_FILE}.d
    cat > ${UNIT_FILE}.d/probe.conf <<'END'\n${DROP_IN}\nEND
    systemctl daemon-reload`,
  );
  const { code } = await node.run("systemctl", "start", PROBE_UNIT);
  const log = await journal(node, "-u", PROBE_UNIT, "-o", "cat");
  if (code !== 0) throw new Error(`the probe failed: ${log}`);
  const probed = JSON.parse(node.read(questions.answer)) as Probed;
  await node.must(
    "sh",
    "-ec",
    `rm -r ${UNIT_FILE} ${UNIT_FILE}.d ${PLACE} ${questions.answer}
    systemctl daemon-reload`,
  );
  await t.test("what it needs works", async (t) => {
    for (const [what, outcome] of Object.entries(probed.needed)) t.equal(outcome, "works", what);
  });
  await t.test("secrets of others cannot be read", async (t) => isDenied(t, probed.reads));
  await t.test("no program can be executed", async (t) => isDenied(t, probed.executes));
  await t.test("the kernel refuses what it has no need of", async (t) => {
    const lines = log
      .split("\n")
      .filter((line) => /^(a|an|the|to|another|performance) .*: /.test(line));
    t.ok(lines.length > 10, "the kernel was asked");
    isDenied(t, Object.fromEntries(lines.map((line) => line.split(": "))) as Probed["reads"]);
  });
  t.strictSame(
    probed.writable.filter((dir) => !OWN_FOLDERS.some((own) => dir.startsWith(own))),
    [],
    "nothing can be written but its own folders",
  );
  t.ok(probed.writable.includes(STATE), "which are writable");
  t.strictSame(
    probed.credentials.filter((path) => !path.startsWith(`/run/credentials/${PROBE_UNIT}/`)),
    [],
    "no other service's credential can be read",
  );
  t.not(probed.credentials.length, 0, "its own can");
  t.strictSame(probed.processes, [], "no other process can be seen");
}

function place(node: Node, scratch: string, questions: ProbeQuestions): void {
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const { outputFiles } = buildSync({
    entryPoints: [here("sandbox-probe.ts")],
    platform: "node",
    format: "esm",
    target: "node20",
    write: false,
  });
  node.write(`${PLACE}/probe.mjs`, outputFiles[0]?.text ?? "");
  node.write(`${PLACE}/questions.json`, JSON.stringify(questions));
  const kernel = join(scratch, "kernel");
  // Without the dynamic linker it depends on nothing of the node.
  must("gcc", ["-static", "-O2", "-Wall", "-o", kernel, here("sandbox-kernel.c")]);
  copyFileSync(kernel, join(node.root, PLACE, "kernel"));
}

/** 127: the dynamic linker ran, and was not allowed to map the program. */
const REFUSED = /^(E(ACCES|PERM|ROFS|AFNOSUPPORT)|ended with 127)$/;

function isDenied(t: Test, outcomes: Probed["reads"]): void {
  t.not(Object.keys(outcomes).length, 0);
  for (const [what, outcome] of Object.entries(outcomes)) {
    t.match(outcome, REFUSED, `${what}: ${outcome}`);
  }
}
