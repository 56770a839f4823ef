import { chmodSync, chownSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { loadConfig } from "../src/config/load.js";
import { folderWeaknessOf, unfitFor, weaknessOf } from "../src/config/permission.js";
import { ConfigError } from "../src/config/problems.js";
import { BASE, changed } from "./config-cases/base.js";
import { configFolder, put } from "./config-cases/folder.js";

/** What is said when a configuration is loaded; nothing if it is good. */
function said(file: string, serviceFile?: string): { code: string; lines: string[] } {
  try {
    loadConfig(file, { env: {}, ...(serviceFile !== undefined && { serviceFile }) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { code: error.code, lines: error.message.split("\n") };
  }
  return { code: "none", lines: [] };
}

function withMode(
  t: Test,
  name: string,
  mode: number,
): { at: string; said: ReturnType<typeof said> } {
  const { folder, file } = configFolder(t, BASE);
  chmodSync(join(folder, name), mode);
  return { at: join(folder, name), said: said(file) };
}

t.test(
  "files that others may write, and credentials that they may read, are refused",
  async (t) => {
    const one = withMode(t, "config.toml", 0o646);
    t.same(one.said, {
      code: "CONFIG_UNSAFE",
      lines: [
        `${one.at}:1:1: this file may be written by others (mode 0646); run chmod o-w ${one.at}`,
      ],
    });
    const ca = withMode(t, "pve-root-ca.pem", 0o666);
    t.equal(ca.said.code, "CONFIG_UNSAFE");
    t.match(ca.said.lines, [/:3:11: ca_file in \[pve\] may be written by others \(mode 0666\)/]);
    const token = withMode(t, "pve-token", 0o644);
    t.match(token.said.lines, [
      /:5:14: token_file in \[pve\] may be read by others \(mode 0644\); run chmod o= /,
    ]);
    const key = withMode(t, "agent.pem", 0o602);
    t.match(key.said.lines, [
      /:9:20: certificate_file in \[entra\] may be written by others \(mode 0602\)/,
    ]);
  },
);

t.test("what is safe enough is taken", async (t) => {
  t.same(withMode(t, "config.toml", 0o644).said.lines, []);
  t.same(withMode(t, "pve-root-ca.pem", 0o644).said.lines, []);
  t.same(withMode(t, "pve-token", 0o640).said.lines, [], "the service's group may read it");
});

t.test("a folder in which others may replace the file is refused", async (t) => {
  const { folder, file } = configFolder(t, BASE);
  const open = join(folder, "open");
  mkdirSync(open);
  const token = put(open, "token", "nothing yet\n", 0o600);
  writeFileSync(file, changed({ '"pve-token"': '"open/token"' }));
  chmodSync(open, 0o757);
  t.match(said(file), {
    code: "CONFIG_UNSAFE",
    lines: [
      /token_file in \[pve\] lies in a folder that may be written by others \(mode 0757\); run chmod o-w .*open$/,
    ],
  });
  chmodSync(open, 0o1757);
  t.same(said(file).lines, [], "but not where it is sticky");
  chmodSync(open, 0o755);
  symlinkSync(token, join(folder, "link"));
  writeFileSync(file, changed({ '"pve-token"': '"link"' }));
  t.same(said(file).lines, [], "a link is followed");
  chmodSync(open, 0o757);
  t.match(said(file).lines, [/lies in a folder/], "and it is the target's folder that counts");
  chmodSync(open, 0o755);
  chmodSync(token, 0o604);
  t.match(said(file).lines, [/may be read by others \(mode 0604\)/], "and the target's mode");
});

t.test("the state folder must not be writable by others", async (t) => {
  const { folder, file } = configFolder(t, BASE);
  const state = join(folder, "it's state");
  writeFileSync(file, changed({ "/nowhere/pve-entra-agent": state }));
  t.same(said(file).lines, [], "one that is not there is made later");
  mkdirSync(state);
  chmodSync(state, 0o777);
  t.match(said(file), {
    code: "CONFIG_UNSAFE",
    lines: [
      /:15:7: dir in \[state\] may be written by others \(mode 0777\); run chmod o-w '.*it'\\''s state'$/,
    ],
  });
  chmodSync(state, 0o700);
  t.same(said(file).lines, []);
});

t.test("a link that leads nowhere or in a circle is a file that is not there", async (t) => {
  const { folder, file } = configFolder(t, changed({ '"pve-token"': '"loop"' }));
  symlinkSync("loop", join(folder, "loop"));
  t.match(said(file).lines, [/:5:14: token_file in \[pve\] names a file that is not there/]);
});

t.test("a configuration that cannot be read is told alone", async (t) => {
  const { folder, file } = configFolder(t, BASE);
  t.same(said(join(folder, "none.toml")), {
    code: "CONFIG_UNREADABLE",
    lines: [
      `${folder}/none.toml:1:1: this file is not there; write it, or name another with --config`,
    ],
  });
  t.same(said(join(file, "deeper")).code, "CONFIG_UNREADABLE");
  t.same(said(folder), {
    code: "CONFIG_UNREADABLE",
    lines: [`${folder}:1:1: this is not a file; name a file with --config`],
  });
});

t.test("a configuration of no sane size, letters or depth is told alone", async (t) => {
  const { folder, file } = configFolder(t, BASE);
  const huge = put(folder, "huge.toml", "", 0o600);
  truncateSync(huge, 8 * 1024 * 1024 * 1024);
  t.same(said(huge), {
    code: "CONFIG_SYNTAX",
    lines: [`${huge}:1:1: the file is larger than 1 MiB; write a smaller one`],
  });
  writeFileSync(file, Buffer.from([0x61, 0x3d, 0x22, 0xff, 0x22]));
  t.same(said(file).lines, [`${file}:1:1: the file is not UTF-8; save it as UTF-8`]);
  for (const [open, close] of [
    ["[", "]"],
    ["{a=", "}"],
  ] as const) {
    writeFileSync(file, `a = ${open.repeat(100_000)}1${close.repeat(100_000)}`);
    t.match(said(file).lines, [/the values are nested too deeply/], open);
  }
});

t.test("prototypes stay as they are", async (t) => {
  const { file } = configFolder(
    t,
    changed({ END: "[__proto__]\npolluted = true\n[constructor.prototype]\npolluted = true\n" }),
  );
  t.equal(said(file).lines.length, 2);
  t.notOk("polluted" in {});
});

t.test("of very many problems the first hundred are shown and all are there", async (t) => {
  const lines = Array.from({ length: 500 }, (_, index) => `wrong${index} = 1`);
  const { file } = configFolder(t, changed({ "[entra]": `${lines.join("\n")}\n[entra]` }));
  try {
    loadConfig(file, { env: {} });
    t.fail("it is wrong");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    t.equal(error.problems.length, 500);
    t.match(error.problems[0], { file, line: 6, column: 1, code: "CONFIG_INVALID" });
    t.equal(error.message.split("\n").length, 101);
    t.match(error.message, /\nand 400 more$/);
  }
});

t.test("who is neither root nor the service is not told to take its folder from it", async (t) => {
  const { folder, file } = configFolder(t, "");
  const state = join(folder, "state");
  mkdirSync(state);
  const us = process.geteuid?.() ?? 0;
  // Whoever is root has to give it away first.
  if (us === 0) chownSync(state, 12_345, 12_345);
  writeFileSync(file, changed({ '"/nowhere/pve-entra-agent"': JSON.stringify(state) }));
  t.intercept(process, "geteuid", { value: () => us + 54_321 });
  const { lines } = said(file);
  const [line = ""] = lines.filter((one) => one.includes("[state]"));
  t.match(line, /dir in \[state\] belongs to another user; run this as root, or as the user/);
  t.notMatch(line, /chown/);
});

t.test("what root may read and the service may not take", async (t) => {
  const service = { uid: 990, gid: 991 };
  const said = (mode: number, uid: number, gid: number): string | undefined =>
    unfitFor(service, "/f", { mode, uid, gid })?.what;
  t.equal(said(0o644, 0, 0), undefined);
  t.equal(said(0o644, 1000, 1000), "belongs to another user");
  t.equal(said(0o600, 990, 991), undefined, "its own");
  t.equal(said(0o600, 0, 0), "may not be read by the service's user (mode 0600)");
  t.equal(said(0o640, 0, 0), "may not be read by the service's user (mode 0640)");
  t.equal(said(0o640, 0, 991), undefined, "by its group");
  t.equal(said(0o640, 0, 115), undefined, "by a group that somebody may have given it");
  t.equal(said(0o604, 0, 0), undefined);
  t.equal(unfitFor(service, "/f", { mode: 0o600, uid: 0, gid: 0 })?.command, "chmod o+r /f");
});

t.test("root is told before a restart that the service could not", async (t) => {
  const us = process.geteuid?.() ?? 0;
  // Whoever is not root cannot give the state folder away.
  if (us !== 0) return t.comment("not root: nothing to give away");
  const { folder, file } = configFolder(t, "");
  const state = join(folder, "state");
  mkdirSync(state);
  chownSync(state, 12_345, 12_345);
  writeFileSync(file, changed({ "/nowhere/pve-entra-agent": state }));
  t.same(said(file, file).lines, []);
  chmodSync(file, 0o640);
  t.same(said(file).lines, [], "a draft, which is not the service's to read");
  t.match(said(file, file), {
    code: "CONFIG_UNREADABLE",
    lines: [/:1:1: this file may not be read by the service's user \(mode 0640\); run chmod o\+r /],
  });
  chmodSync(file, 0o644);
  chownSync(file, 1000, 1000);
  t.match(said(file, file), {
    code: "CONFIG_UNSAFE",
    lines: [/:1:1: this file belongs to another user; run chown root /],
  });
});

t.test("what counts as weak", async (t) => {
  const stats = (mode: number, uid = 0, gid = 0): { mode: number; uid: number; gid: number } => ({
    mode,
    uid,
    gid,
  });
  const secret = (mode: number, uid?: number, gid?: number): string | undefined =>
    weaknessOf("/f", stats(mode, uid, gid), "secret", 990)?.what;
  t.equal(secret(0o600), undefined);
  t.equal(secret(0o600, 990), undefined, "our own");
  t.equal(secret(0o600, 1000), "belongs to another user");
  t.equal(weaknessOf("/f", stats(0o600, 1000), "secret", 0), undefined, "root serves any user");
  t.equal(secret(0o640, 0, 990), undefined, "read by our group");
  t.equal(secret(0o660, 0, 0), undefined, "written by root's group");
  t.equal(secret(0o660, 0, 990), "may be written by its group (mode 0660)");
  t.equal(secret(0o604), "may be read by others (mode 0604)");
  t.equal(secret(0o602), "may be written by others (mode 0602)");
  t.equal(weaknessOf("/f", stats(0o644), "unwritten", 990), undefined);
  t.equal(folderWeaknessOf("/d", stats(0o1777), 990), undefined, "a sticky folder");
  t.equal(folderWeaknessOf("/d", stats(0o777), 990)?.command, "chmod o-w /d");
  t.equal(folderWeaknessOf("/d", stats(0o775, 0, 990), 990)?.command, "chmod g-w /d");
});
