import t from "tap";
import { isLoopback } from "../src/config/loopback.js";
import { loadConfig } from "../src/config/load.js";
import { parseDuration, parseSize } from "../src/config/measures.js";
import { isAclPath } from "../src/config/names.js";
import { suggest } from "../src/config/suggest.js";
import { CLOUDS } from "../src/config/clouds.js";
import { BASE, changed } from "./config-cases/base.js";
import { configFolder, put } from "./config-cases/folder.js";
import { recording, WITHOUT_FACTS } from "./support/facts.js";

t.test("a small configuration gets all defaults", async (t) => {
  const { folder, file } = configFolder(t, BASE);
  t.strictSame(loadConfig(file, { env: {} }), {
    file,
    pve: {
      url: "https://127.0.0.1:8006",
      tokenId: "entra-agent@pve!agent",
      tokenFile: `${folder}/pve-token`,
      caFile: `${folder}/pve-root-ca.pem`,
    },
    entra: {
      tenantId: "00000000-0000-4000-8000-000000000001",
      clientId: "00000000-0000-4000-8000-000000000002",
      credential: { kind: "certificate", file: `${folder}/agent.pem` },
      cloud: "public",
      authority: "https://login.microsoftonline.com",
      graph: "https://graph.microsoft.com",
    },
    schedule: { cron: "*/5 * * * *", jitterSeconds: 30 },
    rotation: {
      lifetimeSeconds: 15_552_000,
      renewBeforeSeconds: 5_184_000,
      overlapSeconds: 86_400,
      proofSeconds: 60,
    },
    guard: {
      maxRemovals: 10,
      maxRemovalShare: 0.2,
      maxDisabled: 50,
      userDbReserveBytes: 65_536,
    },
    cluster: {},
    health: { host: "127.0.0.1", port: 9646 },
    state: { dir: "/nowhere/pve-entra-agent" },
    realms: [
      {
        name: "entra",
        clientId: "00000000-0000-4000-8000-000000000003",
        rotate: true,
        names: true,
        guests: "skip",
        emailClaim: false,
        onLeave: "disable",
        unmarked: "report",
        groups: [
          {
            entra: ["00000000-0000-4000-8000-000000000004"],
            name: "pve-admins",
            adopt: false,
            aclExtra: "remove",
            justInTime: false,
            guests: "skip",
            acl: [{ path: "/", role: "Administrator", propagate: true }],
          },
        ],
      },
    ],
  });
});

/** One good change of the base, and what of the result it shows in. */
const GOOD: readonly {
  readonly name: string;
  readonly change: Readonly<Record<string, string>>;
  readonly gives: object;
}[] = [
  {
    name: "ids in upper case become lower case",
    change: { '000000000004"': '00000000000A"' },
    gives: { realms: [{ groups: [{ entra: ["00000000-0000-4000-8000-00000000000a"] }] }] },
  },
  {
    name: "several Entra groups to one of PVE",
    change: {
      'entra = "00000000-0000-4000-8000-000000000004"':
        'entra = [\n  "00000000-0000-4000-8000-000000000004",\n  "00000000-0000-4000-8000-000000000005",\n]',
    },
    gives: {
      realms: [
        {
          groups: [
            {
              entra: [
                "00000000-0000-4000-8000-000000000004",
                "00000000-0000-4000-8000-000000000005",
              ],
            },
          ],
        },
      ],
    },
  },
  {
    name: "an address with a closing slash or in capitals",
    change: { "https://127.0.0.1:8006": "HTTPS://PVE1.example.com:8006/" },
    gives: { pve: { url: "https://pve1.example.com:8006" } },
  },
  {
    name: "a fingerprint in lower case",
    change: {
      'ca_file = "pve-root-ca.pem"': `fingerprint = "${Array(32).fill("ab").join(":")}"`,
    },
    gives: { pve: { fingerprint: Array(32).fill("AB").join(":"), caFile: undefined } },
  },
  {
    name: "an empty [notify] is enough for mails to root",
    change: { "[health]": "[notify]\n[health]" },
    gives: { notify: { to: "root", from: "root", host: "127.0.0.1", port: 25 } },
  },
  {
    name: "mails to elsewhere by another loopback address",
    change: {
      "[health]":
        '[notify]\nmail_to = "pve+entra@example.com"\nmail_from = "pve1@example.com"\nsmtp = "[::1]:2525"\n[health]',
    },
    gives: {
      notify: { to: "pve+entra@example.com", from: "pve1@example.com", host: "::1", port: 2525 },
    },
  },
  {
    name: "addresses of one's own in place of a cloud",
    change: {
      "[rotation]":
        'authority = "https://127.0.0.1:4443"\ngraph = "https://127.0.0.1:4444/"\nproxy = "http://proxy:3128"\n[rotation]',
    },
    gives: {
      entra: {
        cloud: undefined,
        authority: "https://127.0.0.1:4443",
        graph: "https://127.0.0.1:4444",
        proxy: "http://proxy:3128",
      },
    },
  },
  {
    name: "a client secret",
    change: { 'certificate_file = "agent.pem"': 'client_secret_file = "agent.pem"' },
    gives: { entra: { credential: { kind: "secret", file: /\/agent\.pem$/ } } },
  },
  {
    name: "a managed identity",
    change: { 'certificate_file = "agent.pem"': 'managed_identity = "azure-arc"' },
    gives: { entra: { credential: { kind: "managed-identity" } } },
  },
  {
    name: "health for others, with a token",
    change: { '"127.0.0.1:9646"': '"[::]:9646"\ntoken_file = "pve-token"' },
    gives: { health: { host: "::", port: 9646, tokenFile: /\/pve-token$/ } },
  },
  {
    name: "health on a port that the system chooses",
    change: { '"127.0.0.1:9646"': '"[::1]:0"' },
    gives: { health: { host: "::1", port: 0 } },
  },
  {
    name: "a writer and an id",
    change: { "[health]": '[cluster]\nwriter = "pve1"\nid = "berlin-1"\n[health]' },
    gives: { cluster: { writer: "pve1", id: "berlin-1" } },
  },
  {
    name: "a group that is to have no entry",
    change: { 'acl = [ { path = "/", role = "Administrator" } ]': "acl = []" },
    gives: { realms: [{ groups: [{ acl: [] }] }] },
  },
  {
    name: "a group whose entries are not ours",
    change: { 'acl = [ { path = "/", role = "Administrator" } ]': "" },
    gives: { realms: [{ groups: [{ acl: undefined }] }] },
  },
  {
    name: "an entry that does not propagate",
    change: { 'role = "Administrator"': 'role = "Administrator", propagate = false' },
    gives: { realms: [{ groups: [{ acl: [{ path: "/", propagate: false }] }] }] },
  },
  {
    name: "a realm with its secret alone",
    change: {
      END: '[[realm]]\nname = "other"\nclient_id = "00000000-0000-4000-8000-000000000005"',
    },
    gives: { realms: [{ name: "entra" }, { name: "other", groups: [] }] },
  },
  {
    name: "two realms of one app",
    change: {
      END: '[[realm]]\nname = "other"\nclient_id = "00000000-0000-4000-8000-000000000003"',
    },
    gives: { realms: [{ rotate: true }, { rotate: true }] },
  },
  {
    name: "guests where realm and mapping allow them",
    change: { "rotate = true": 'guests = "allow"', END: 'guests = "allow"' },
    gives: { realms: [{ guests: "allow", groups: [{ guests: "allow" }] }] },
  },
  {
    name: "a share that is nothing and one that is all",
    change: { "[health]": "[guard]\nmax_removal_share = 0\nmax_removals = 0\n[health]" },
    gives: { guard: { maxRemovalShare: 0, maxRemovals: 0 } },
  },
  {
    name: "sections in another order, dotted keys, tables in braces",
    change: { "[pve]\n": 'guard.max_removals = 3\nschedule = { jitter = "0s" }\n[pve]\n' },
    gives: { guard: { maxRemovals: 3 }, schedule: { jitterSeconds: 0 } },
  },
  {
    name: "a byte-order mark and the line ends of Windows",
    change: { [BASE]: `\uFEFF${BASE.replaceAll("\n", "\r\n")}` },
    gives: { realms: [{ name: "entra" }] },
  },
];

t.test("what may be written is read", async (t) => {
  for (const { name, change, gives } of GOOD) {
    const { file } = configFolder(t, changed(change));
    t.match(loadConfig(file, { env: {} }), gives, name);
  }
});

t.test("each cloud has its addresses", async (t) => {
  for (const [cloud, addresses] of Object.entries(CLOUDS)) {
    const { file } = configFolder(t, changed({ "[rotation]": `cloud = "${cloud}"\n[rotation]` }));
    t.match(loadConfig(file, { env: {} }).entra, { cloud, ...addresses }, cloud);
  }
  t.equal(Object.keys(CLOUDS).length, 4);
});

t.test("durations and sizes are a number and a unit, nothing else", async (t) => {
  const seconds = {
    "0s": 0,
    "90s": 90,
    "15m": 900,
    "24h": 86_400,
    "180d": 15_552_000,
    "2w": 1_209_600,
  };
  for (const [written, number] of Object.entries(seconds)) {
    t.equal(parseDuration(written), number, written);
  }
  for (const bad of [
    "",
    "90",
    "s",
    "-1s",
    "1.5h",
    "1 h",
    "1H",
    "1h30m",
    " 1h",
    "1y",
    "1234567890s",
  ]) {
    t.equal(parseDuration(bad), undefined, JSON.stringify(bad));
  }
  const bytes = { "512B": 512, "64KiB": 65_536, "1MiB": 1_048_576 };
  for (const [written, number] of Object.entries(bytes))
    t.equal(parseSize(written), number, written);
  for (const bad of ["64", "64KB", "64k", "64 KiB", "-1B", "1constructor"]) {
    t.equal(parseSize(bad), undefined, bad);
  }
});

t.test("relative files are looked up among the credentials, then beside the file", async (t) => {
  const { folder, file } = configFolder(t, BASE);
  const other = configFolder(t, "").folder;
  put(other, "pve-token", "nothing yet\n", 0o400);
  const both = loadConfig(file, { env: { CREDENTIALS_DIRECTORY: other } });
  t.equal(both.pve.tokenFile, `${other}/pve-token`);
  const nowhere = loadConfig(file, { env: { CREDENTIALS_DIRECTORY: `${other}/none` } });
  t.equal(nowhere.pve.tokenFile, `${folder}/pve-token`);
  const unset = loadConfig(file, { env: { CREDENTIALS_DIRECTORY: "" } });
  t.equal(unset.pve.tokenFile, `${folder}/pve-token`);
  const path = `${other}/pve-token`;
  const absolute = configFolder(t, changed({ '"pve-token"': `"${path}"` }));
  t.equal(loadConfig(absolute.file, { env: {} }).pve.tokenFile, path);
});

t.test(
  "the paths that PVE takes are those that were recorded",
  { skip: WITHOUT_FACTS },
  async (t) => {
    const topic = recording<{
      exchanges: {
        request: { method: string; body: string | null };
        response: { status: number; body: string };
      }[];
    }>("acl.json");
    let compared = 0;
    for (const { request, response } of topic.exchanges) {
      const form = new URLSearchParams(request.body ?? "");
      const path = form.get("path") ?? "";
      const refused = response.body.includes("invalid ACL path");
      const said = response.status === 200 || refused;
      if (request.method !== "PUT" || !said || form.has("delete")) continue;
      // PVE tidies these two up; we take one spelling alone.
      if (!path.startsWith("/") || path.includes("//")) continue;
      t.equal(isAclPath(path), !refused, path);
      compared += 1;
    }
    t.ok(compared >= 10, `${compared} paths compared`);
  },
);

t.test("paths beyond the recordings", async (t) => {
  const good = ["/access", "/access/realm/entra", "/nodes/pve1", "/storage", "/mapping/pci/gpu-1"];
  const deep = ["/sdn/zones/z1/v1/100", "/sdn/fabrics/f1", "/vms/1000000", "/pool/a/b/c"];
  for (const path of [...good, ...deep]) t.ok(isAclPath(path), path);
  const bad = [
    "",
    "//",
    "/vms/",
    "/vms/0100",
    "/pool/..",
    "/pool/a b",
    "/access/users",
    "/Vms/100",
  ];
  for (const path of bad) t.notOk(isAclPath(path), path);
});

t.test("loopback is what only this machine reaches", async (t) => {
  for (const host of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
    t.ok(isLoopback(host), host);
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1"]) t.notOk(isLoopback(host), host);
});

t.test("a suggestion is close or is not made", async (t) => {
  const known = ["url", "token_id", "token_file"];
  t.equal(suggest("tokenFile", known), "token_file");
  t.equal(suggest("tokn_file", known), "token_file");
  t.equal(suggest("ulr", known), undefined, "two of three letters are another word");
  t.equal(suggest("x".repeat(5000), known), undefined);
});
