/** docs/install.md, typed in as it stands: its configuration loads, its rights are enough, and no more. */
import t from "tap";
import type { Test } from "tap";
import { configFolder } from "./config-cases/folder.js";
import { blocks, readPage, shellLines } from "./docs-pages/pages.js";
import { mapping, startSite } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { loadConfig } from "../src/config/load.js";
import type { Config } from "../src/config/types.js";

t.setTimeout(300_000);

const PAGE = readPage("docs/install.md");
const LINES = shellLines(PAGE);
const USER = "entra-agent@pve";
const TOKEN = "entra-agent@pve!agent";

/** What the page's configuration says, whatever the folder. */
function configOf(t: Test): Config {
  const [text = ""] = blocks(PAGE, "toml");
  return loadConfig(configFolder(t, text).file, { env: {} });
}

/** The option's value in a command line of `pveum`, without its quotes. */
function valueOf(line: string, option: string): string {
  return new RegExp(`--${option} ("[^"]*"|\\S+)`).exec(line)?.[1]?.replaceAll('"', "") ?? "";
}

interface Grant {
  readonly path: string;
  readonly role: string;
  readonly propagate: string;
}

const GRANTS: readonly Grant[] = LINES.flatMap((line) => {
  const [, path, role, propagate] = /^grant (\S+) +(\S+) +([01])$/.exec(line) ?? [];
  return path && role && propagate ? [{ path, role, propagate }] : [];
});

/** user.cfg after the page's commands. */
function userCfg(grants: readonly Grant[]): string {
  const roles = LINES.flatMap((line) => {
    const [, name] = /^pveum role add (\S+)/.exec(line) ?? [];
    return name ? [`role:${name}:${valueOf(line, "privs").replaceAll(" ", ",")}:`] : [];
  });
  const users = LINES.flatMap((line) => {
    const [, user] = /^pveum user add (\S+)/.exec(line) ?? [];
    return user ? [`user:${user}:1:0::::::`] : [];
  });
  const tokens = LINES.flatMap((line) => {
    const [, user, name] = /^(?:token=\$\()?pveum user token add (\S+) (\S+)/.exec(line) ?? [];
    return user && name ? [`token:${user}!${name}:0:${valueOf(line, "privsep")}::`] : [];
  });
  const entries = grants.map(
    ({ path, role, propagate }) => `acl:${propagate}:${path}:${USER},${TOKEN}:${role}:`,
  );
  return `${["user:root@pam:1:0::::::", ...users, ...tokens, ...roles, ...entries].join("\n")}\n`;
}

/** The realm as the page makes it, without autocreate and without a client key. */
async function start(t: Test, grants: readonly Grant[]): Promise<[Site, ConfigParts]> {
  const line = LINES.find((one) => one.startsWith("pveum realm add entra ")) ?? "";
  const site = await startSite(t, {
    usernameClaim: valueOf(line, "username-claim"),
    realmProperties: { autocreate: null, "client-key": null },
  });
  site.pve.world.load({ userCfg: userCfg(grants) });
  const [wanted] = configOf(t).realms[0]?.groups ?? [];
  const acl = (wanted?.acl ?? []).map(({ path, role }) => `{ path = "${path}", role = "${role}" }`);
  const members = ["anna", "bert"].map((name) => site.addUser(name));
  const group = site.group("Operators", members);
  return [site, { groups: mapping(wanted?.name ?? "", group, `acl = [${acl.join(", ")}]`) }];
}

t.test("the configuration loads as it is, and says what the commands say", async (t) => {
  const config = configOf(t);
  const [realm] = config.realms;
  const line = LINES.find((one) => one.startsWith("pveum realm add ")) ?? "";
  t.equal(config.pve.tokenId, TOKEN);
  t.equal(valueOf(line, "client-id"), realm?.clientId);
  t.equal(valueOf(line, "issuer-url"), `${config.entra.authority}/${config.entra.tenantId}/v2.0`);
  t.match(line, new RegExp(`^pveum realm add ${realm?.name} --type openid `));
  const paths = (realm?.groups ?? []).flatMap(({ acl }) => acl ?? []).map(({ path }) => path);
  const granted = GRANTS.filter(({ role }) => role === "EntraAcl").map(({ path }) => path);
  t.strictSame(granted, paths, "the right to change the ACL where the mapping needs it");
  t.ok(config.notify, "mails are on");
});

t.test("the files of the configuration are those that the commands make", async (t) => {
  const made = LINES.flatMap(
    (line) => /> \/etc\/pve\/priv\/pve-entra-agent\/(\S+)(?: &&)?$/.exec(line)?.[1] ?? [],
  );
  const { pve, entra } = configOf(t);
  const named = [pve.tokenFile, "file" in entra.credential ? entra.credential.file : ""];
  t.strictSame(made.sort(), named.map((file) => file.split("/").at(-1)).sort());
});

t.test("from nothing: people, groups, rights, and the realm's first client secret", async (t) => {
  const [site, parts] = await start(t, GRANTS);
  const plan = await site.plan(parts);
  t.strictSame(plan.plan.holds, [], "nothing of a first pass is held");
  const first = await site.pass(parts);
  t.strictSame(
    first.findings.map(({ code }) => code),
    ["SECRET_REFUSED"],
    "the realm has no client key yet",
  );
  t.match(site.user("anna@contoso.example@entra"), { enable: true, groups: ["vm-operators"] });
  t.ok(site.rights("bert@contoso.example@entra", "/vms/100").includes("VM.PowerMgmt"));
  const [, key = "none"] = /client-key (\S+)/.exec(site.pve.domainsCfg()) ?? [];
  t.ok(site.entra.world.secretTexts().includes(key), "it has one that Entra gave");
  const second = await site.pass(parts);
  t.strictSame(second.findings, []);
  t.strictSame(second.done, []);
});

t.test("each of the rights is needed", async (t) => {
  t.equal(GRANTS.length, 5);
  for (const missing of GRANTS) {
    const [site, parts] = await start(
      t,
      GRANTS.filter((one) => one !== missing),
    );
    const { findings, done } = await site.pass(parts);
    const lacks = findings.filter(({ code }) =>
      /^(PVE_NO_PRIVILEGE|SYNC_PATH_NOT_ALLOWED)$/.test(code),
    );
    t.ok(lacks.length > 0, `${missing.role} at ${missing.path}`);
    const given = done.filter(({ write }) => write.kind === "acl");
    t.strictSame(given, [], "and nobody is given anything");
  }
});
