import { readFileSync } from "node:fs";
import { format } from "prettier";
import t from "tap";
import { REFERENCE } from "../src/config/keys.js";
import { loadConfig } from "../src/config/load.js";
import { BASE } from "./config-cases/base.js";
import { configFolder, put } from "./config-cases/folder.js";
import { referenceTables } from "./config-cases/reference.js";

const repository = new URL("..", import.meta.url);
const text = (name: string): string => readFileSync(new URL(name, repository), "utf8");
const EXAMPLE = text("config.example.toml");

t.test("the reference in docs/config.md is that of the keys", async (t) => {
  const tables = await format(referenceTables(), { parser: "markdown", printWidth: 100 });
  t.ok(text("docs/config.md").endsWith(tables), `it has to end with:\n${tables}`);
});

t.test("the example loads as it is, with the files that it names beside it", async (t) => {
  const { file } = configFolder(t, EXAMPLE);
  const config = loadConfig(file, { env: {} });
  t.match(config, {
    entra: { cloud: "public", credential: { kind: "certificate" } },
    rotation: { lifetimeSeconds: 180 * 86_400, renewBeforeSeconds: 60 * 86_400 },
    realms: [{ name: "entra", deleteAfterSeconds: 30 * 86_400, groups: [{ maxMembers: 20 }] }],
  });
});

t.test("the example holds each key once for each section that has it", async (t) => {
  let section = "";
  const found = new Map<string, string[]>();
  for (const line of EXAMPLE.split("\n")) {
    section = /^\[+[a-z.]+\]+$/.exec(line)?.[0] ?? section;
    const key = /^(?:# )?([a-z_]+) = /.exec(line)?.[1];
    if (key !== undefined) found.set(section, [...(found.get(section) ?? []), key]);
  }
  for (const { name, keys } of REFERENCE.filter((one) => one.name.startsWith("["))) {
    const wanted = Object.keys(keys).filter((key) => !(name === "[[realm]]" && key === "group"));
    t.same(found.get(name)?.toSorted(), wanted.toSorted(), name);
  }
});

t.test("the defaults that the example writes are those that count without it", async (t) => {
  const example = loadConfig(configFolder(t, EXAMPLE).file, { env: {} });
  const base = BASE.replace(/\[rotation\][^]*(?=\[\[realm\]\])/, "");
  const { file } = configFolder(t, `${base}max_members = 20\n`);
  const plain = loadConfig(file, { env: {} });
  for (const key of ["schedule", "rotation", "guard", "cluster", "health", "state"] as const) {
    t.same(plain[key], example[key], key);
  }
  const sameFor = ["names", "rotate", "guests", "emailClaim", "onLeave", "unmarked"] as const;
  for (const key of sameFor) t.equal(plain.realms[0]?.[key], example.realms[0]?.[key], key);
  const inGroup = ["adopt", "aclExtra", "justInTime", "guests"] as const;
  for (const key of inGroup) {
    t.equal(plain.realms[0]?.groups[0]?.[key], example.realms[0]?.groups[0]?.[key], key);
  }
});

t.test("what the example shows behind a comment sign is good as well", async (t) => {
  const alone = ["fingerprint", "client_secret_file", "managed_identity", "authority", "graph"];
  const optional = EXAMPLE.split("\n")
    .map((line) => {
      const key = /^# ([a-z_]+) = /.exec(line)?.[1];
      return key === undefined || alone.includes(key) ? line : line.slice(2);
    })
    .join("\n");
  const variants: Record<string, string> = {
    "what may be there beside the rest": optional,
    "a fingerprint": EXAMPLE.replace(/^ca_file.*$/m, "").replace("# fingerprint", "fingerprint"),
    "a client secret": EXAMPLE.replace(
      /^certificate_file.*$/m,
      'client_secret_file = "agent-secret"',
    ),
    "a managed identity": EXAMPLE.replace(
      /^certificate_file.*$/m,
      'managed_identity = "azure-arc"',
    ),
    "other addresses": EXAMPLE.replace(/^cloud.*$/m, "")
      .replace("# authority", "authority")
      .replace("# graph", "graph"),
  };
  for (const [name, config] of Object.entries(variants)) {
    const { folder, file } = configFolder(t, config);
    for (const more of ["agent-secret", "health-token", "proxy-ca.pem"]) {
      put(folder, more, "nothing yet\n", 0o600);
    }
    t.doesNotThrow(() => loadConfig(file, { env: {} }), name);
  }
});
