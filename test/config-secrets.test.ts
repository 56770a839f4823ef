import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { chmodSync, truncateSync, unlinkSync } from "node:fs";
import { inspect } from "node:util";
import { generate } from "selfsigned";
import t from "tap";
import {
  readCa,
  readCertificate,
  readClientSecret,
  readHealthToken,
  readPveToken,
} from "../src/config/secrets.js";
import { AgentError } from "../src/errors.js";
import { configFolder, put } from "./config-cases/folder.js";

const SHOWN_NOWHERE = "this-stands-for-a-secret";
const pair = await generate([{ name: "commonName", value: "agent" }], { keySize: 2048 });
const other = await generate([{ name: "commonName", value: "other" }], { keySize: 2048 });

/** What is said of a file; fails where its content shows in any part of the error. */
function refusal(read: (file: string) => unknown, file: string): string {
  try {
    read(file);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const all = inspect(error, { depth: 9, showHidden: true });
    if (all.includes("stands-for") || all.includes("PRIVATE KEY-----"))
      return "it shows the content";
    return `${error.code}: ${error.message.replace(file, "FILE")}`;
  }
  return "it was taken";
}

t.test("a secret is read without the white space around it and shows nowhere", async (t) => {
  const { folder } = configFolder(t, "");
  const file = put(folder, "secret", `\n  ${SHOWN_NOWHERE}\r\n`, 0o600);
  for (const read of [readPveToken, readClientSecret, readHealthToken]) {
    const secret = read(file);
    t.equal(secret.reveal(), SHOWN_NOWHERE);
    t.equal(`${inspect(secret)} ${JSON.stringify({ secret })}`, '[secret] {"secret":"[secret]"}');
  }
});

t.test("a file that holds something else is refused without showing it", async (t) => {
  const { folder } = configFolder(t, "");
  const cases: readonly [read: (file: string) => unknown, text: string, says: string][] = [
    [readPveToken, "", "FILE is empty"],
    [readPveToken, " \n\n", "FILE is empty"],
    [
      readPveToken,
      `agent@pve!sync=${SHOWN_NOWHERE}`,
      "FILE holds the token's name too; keep only what stands behind the '='",
    ],
    [readPveToken, `"${SHOWN_NOWHERE}"\n`, "FILE holds quotes around the secret; keep it alone"],
    [readClientSecret, `'${SHOWN_NOWHERE}'`, "FILE holds quotes around the secret; keep it alone"],
    [
      readHealthToken,
      `${SHOWN_NOWHERE}\n${SHOWN_NOWHERE}`,
      "FILE holds more than one word of plain characters; keep the secret alone",
    ],
    [
      readHealthToken,
      `${SHOWN_NOWHERE}\0`,
      "FILE holds more than one word of plain characters; keep the secret alone",
    ],
    [readHealthToken, SHOWN_NOWHERE.repeat(500), "FILE is too long for a secret"],
    [
      readClientSecret,
      "00000000-0000-4000-8000-000000000009",
      "FILE holds the id of a client secret; the portal calls the secret its value",
    ],
    [readClientSecret, pair.private, "FILE holds PEM, not a secret of one line"],
  ];
  for (const [read, text, says] of cases) {
    t.equal(refusal(read, put(folder, "secret", text, 0o600)), `CREDENTIAL_INVALID: ${says}`);
  }
});

t.test("a file is looked at again when it is used", async (t) => {
  const { folder } = configFolder(t, "");
  const file = put(folder, "secret", SHOWN_NOWHERE, 0o604);
  t.equal(
    refusal(readPveToken, file),
    `CONFIG_UNSAFE: FILE may be read by others (mode 0604); run chmod o= ${file}`,
  );
  chmodSync(file, 0o600);
  t.equal(refusal(readPveToken, file), "it was taken");
  truncateSync(file, 1024 * 1024);
  t.equal(refusal(readPveToken, file), "CREDENTIAL_INVALID: FILE is too large for a credential");
  unlinkSync(file);
  t.equal(refusal(readPveToken, file), "CREDENTIAL_INVALID: FILE cannot be read (ENOENT)");
  t.equal(refusal(readPveToken, folder), "CREDENTIAL_INVALID: FILE is not a file");
});

t.test("a certificate and its key are read from one file, in any order", async (t) => {
  const { folder } = configFolder(t, "");
  const bare = new X509Certificate(pair.cert);
  const orders = [
    `${pair.cert}\n${pair.private}`,
    `${pair.private}\n${pair.cert}`,
    `Bag Attributes\n${other.cert}\n${pair.private}\n${pair.cert}`.replaceAll("\n", "\r\n"),
  ];
  for (const text of orders) {
    const read = readCertificate(put(folder, "agent", text, 0o600));
    t.equal(new X509Certificate(read.certificatePem).fingerprint256, bare.fingerprint256);
    t.equal(
      read.thumbprintSha256,
      createHash("sha256").update(bare.raw).digest("hex").toUpperCase(),
    );
    t.equal(read.notAfter.getTime(), Date.parse(bare.validTo));
    t.match(read.privateKey.reveal(), /^-----BEGIN PRIVATE KEY-----\n/);
    t.notMatch(inspect(read, { showHidden: true }), "BEGIN PRIVATE");
  }
});

t.test("what is no certificate with its key is refused without showing it", async (t) => {
  const { folder } = configFolder(t, "");
  const encrypted = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
  }).privateKey;
  const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
  const pem = { type: "pkcs8", format: "pem" } as const;
  const broken = `-----BEGIN PRIVATE KEY-----\n${SHOWN_NOWHERE}\n-----END PRIVATE KEY-----\n`;
  const cases: readonly [text: string, says: string][] = [
    ["", "FILE holds no private key in PEM"],
    [pair.cert, "FILE holds no private key in PEM"],
    [pair.private, "FILE holds no certificate; put it beside its private key"],
    [`${pair.cert}${pair.private}${other.private}`, "FILE holds more than one private key"],
    [
      `${pair.cert}${other.private}`,
      "FILE holds a certificate and a private key that do not belong together",
    ],
    [`${pair.cert}${broken}`, "FILE holds a private key that cannot be read"],
    [
      `${pair.private}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`,
      "FILE holds a certificate that cannot be read",
    ],
    [
      `${pair.cert}${encrypted}`,
      "FILE holds a private key with a passphrase; write it without, and keep the file at mode 0600",
    ],
    [
      `${pair.cert}${elliptic.export(pem).toString()}`,
      "FILE holds a key that is not RSA; Entra takes no other",
    ],
    [`${pair.cert}${short.export(pem).toString()}`, "FILE holds a key of less than 2048 bits"],
  ];
  for (const [text, says] of cases) {
    const file = put(folder, "agent", text, 0o600);
    t.equal(refusal(readCertificate, file), `CREDENTIAL_INVALID: ${says}`);
  }
});

t.test("a CA file holds one certificate or more, and anybody may read it", async (t) => {
  const { folder } = configFolder(t, "");
  const file = put(folder, "ca.pem", `# two\n${pair.cert}\n${other.cert}\n`, 0o644);
  t.same(
    readCa(file).map((one) => new X509Certificate(one).subject),
    ["CN=agent", "CN=other"],
  );
  const none = put(folder, "none.pem", "nothing yet\n", 0o644);
  t.equal(refusal(readCa, none), "CREDENTIAL_INVALID: FILE holds no certificate in PEM");
  chmodSync(file, 0o646);
  t.match(refusal(readCa, file), /^CONFIG_UNSAFE: FILE may be written by others/);
});
