import { isIP } from "node:net";
import { validate } from "node-cron";
import type { Kind } from "./kind.js";
import { matching, refuse, tell, text } from "./kind.js";
import { isLoopback } from "./loopback.js";
import { suggest } from "./suggest.js";

/** The names and addresses that a configuration holds, each by the rule of whoever reads it. */

const ID = "letters, digits, '.', '_' and '-'";

/** Entra's ids; written in any case, read in lower case. */
export const guid: Kind<string> = text(
  "an id as the portal shows it (a GUID)",
  '"11111111-1111-1111-1111-111111111111"',
  (written) => {
    const pattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    const lower = written.toLowerCase();
    return pattern.test(lower) ? lower : undefined;
  },
);

/** PVE wants a letter first and two characters at least; `pam` and `pve` are its own realms. */
export const realmName: Kind<string> = matching(
  `the name of an OpenID realm (2 to 32 of ${ID}, a letter first; not pam, not pve)`,
  '"entra"',
  /^(?!(?:pam|pve)$)[A-Za-z][A-Za-z0-9._-]{1,31}$/,
);

/**
 * PVE takes any of these but `0`. We refuse `.` and `..` too: in a request's path they would name
 * another object.
 */
export const groupName: Kind<string> = matching(
  `a group name of PVE (${ID}; not 0)`,
  '"pve-admins"',
  /^(?!(?:0|\.{1,2})$)[A-Za-z0-9._-]{1,128}$/,
);

export const roleName: Kind<string> = matching(
  `a role name of PVE (${ID})`,
  '"PVEVMUser"',
  /^[A-Za-z0-9._-]{1,128}$/,
);

/** `user@realm!token`, the part before `=` of what PVE shows when a token is made. */
export const tokenId: Kind<string> = {
  says: 'a token id of the form "user@realm!name"',
  example: '"entra-agent@pve!agent"',
  read: (value, reading) => {
    if (value.kind !== "text") return refuse(tokenId, value, reading);
    if (/^[^\s:/,;]+@[A-Za-z][\w.-]+![A-Za-z][\w.-]+$/.test(value.text)) return value.text;
    if (!/^[^=]+![^=]+=/.test(value.text)) return refuse(tokenId, value, reading);
    return tell(
      reading,
      value.place,
      "has the token's secret behind its name",
      `write ${tokenId.example} alone, and the secret into the token_file`,
    );
  },
};

/** A node's name is a host name without a domain. */
export const nodeName: Kind<string> = matching(
  "a node's name as the cluster shows it, without a domain",
  '"pve1"',
  /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
);

/** It becomes a part of a secret's display name, where `/` ends it. */
export const clusterId: Kind<string> = matching(
  `an id for this cluster (1 to 32 of ${ID})`,
  '"berlin-1"',
  /^[A-Za-z0-9._-]{1,32}$/,
);

export const serverName: Kind<string> = text(
  "a DNS name as it stands in the certificate",
  '"pve1.example.com"',
  (written) => {
    const labels = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*$/;
    return labels.test(written) && isIP(written) === 0 ? written : undefined;
  },
);

/** SHA-256, as `openssl x509 -fingerprint -sha256` prints it. */
export const fingerprint: Kind<string> = text(
  "a SHA-256 fingerprint (32 hex pairs with ':' between)",
  `"${Array(32).fill("AA").join(":")}"`,
  (written) =>
    /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}$/.test(written) ? written.toUpperCase() : undefined,
);

/** Five fields; node-cron itself would also take six, with seconds, and names such as `@daily`. */
export const cron: Kind<string> = text(
  "a cron expression of five fields (minute hour day month weekday, in UTC)",
  '"*/5 * * * *"',
  (written) => {
    const fields = written.trim().split(/\s+/);
    return fields.length === 5 && validate(written) ? fields.join(" ") : undefined;
  },
);

/** What `health` listens on: an address, since a name may move to another interface. */
export const listen: Kind<HostPort> = text(
  "an IP address and a port",
  '"127.0.0.1:9646"',
  hostPort,
);

/** Mails go in clear and are passed on by somebody else: that has to be on this machine. */
export const mailServer: Kind<HostPort> = text(
  "a loopback address and a port",
  '"127.0.0.1:25"',
  (written) => {
    const server = hostPort(written);
    return server !== undefined && server.port > 0 && isLoopback(server.host) ? server : undefined;
  },
);

/** Of what RFC 5321 calls a mailbox, the usual ones: nothing in it may end a command or a header. */
export const mailbox: Kind<string> = text(
  "a mailbox, such as root or an address",
  '"root"',
  (written) =>
    /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}(?:@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)?$/.test(
      written,
    )
      ? written
      : undefined,
);

interface HostPort {
  readonly host: string;
  readonly port: number;
}

function hostPort(written: string): HostPort | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(written) ?? [];
  const host = bracketed ?? plain ?? "";
  const port = Number(digits);
  const fits = isIP(host) === (bracketed === undefined ? 4 : 6) && port <= 65_535;
  return fits ? { host, port } : undefined;
}

/** An https address with nothing behind host and port; paths are added by whoever asks. */
export function origin(example: string): Kind<string> {
  return text("an https address of host and port alone", `"${example}"`, (written) => {
    const url = bareUrl(written);
    return url?.protocol === "https:" ? url.origin : undefined;
  });
}

/** A password in it would be a secret in this file, so none is taken. */
export const proxy: Kind<string> = text(
  "an http address of a proxy without user and password",
  '"http://proxy.example.com:3128"',
  (written) => {
    const url = bareUrl(written);
    return url?.protocol === "http:" || url?.protocol === "https:" ? url.origin : undefined;
  },
);

function bareUrl(written: string): URL | undefined {
  if (!/^https?:\/\//i.test(written) || !URL.canParse(written)) return undefined;
  const url = new URL(written);
  const bare = url.username === "" && url.password === "" && url.pathname === "/";
  return bare && !/[?#\s]/.test(written) ? url : undefined;
}

const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/;
const WORD = /^[A-Za-z0-9]+$/;
const GUEST = /^[1-9][0-9]{2,}$/;
const TAG = /^[1-9][0-9]{0,3}$/;

/**
 * The shapes of path that PVE 9 takes for an ACL entry: below each of these, so many steps more
 * may follow, each of this form. Everything else answers 400 `invalid ACL path`.
 */
const PATHS: readonly (readonly [prefix: string, ...steps: readonly RegExp[]])[] = [
  ["/access"],
  ["/access/groups", NAME],
  ["/access/realm", NAME],
  ["/mapping", NAME, NAME],
  ["/nodes", NAME],
  ["/pool", NAME, NAME, NAME],
  ["/sdn"],
  ["/sdn/controllers", NAME],
  ["/sdn/dns", WORD],
  ["/sdn/fabrics", WORD],
  ["/sdn/ipams", WORD],
  ["/sdn/prefix-lists", WORD],
  ["/sdn/route-maps", WORD],
  ["/sdn/zones", NAME, NAME, TAG],
  ["/storage", NAME],
  ["/vms", GUEST],
];

/** Whether PVE takes this as the path of an ACL entry, exactly as it is written. */
export function isAclPath(path: string): boolean {
  if (path === "/") return true;
  return PATHS.some(([prefix, ...shapes]) => {
    if (path === prefix) return true;
    if (!path.startsWith(`${prefix}/`)) return false;
    const steps = path.slice(prefix.length + 1).split("/");
    return steps.every((step, index) => shapes[index]?.test(step) ?? false);
  });
}

/**
 * The path of an ACL entry. PVE would also take `pool/x` and `//pool/x/` and store `/pool/x`; one
 * spelling alone is taken here, so that equal paths are equal texts.
 */
export const aclPath: Kind<string> = {
  says: "a path that PVE knows",
  example: '"/pool/team-a"',
  read: (value, reading) => {
    if (value.kind !== "text") return refuse(aclPath, value, reading);
    if (isAclPath(value.text)) return value.text;
    const better = betterPath(value.text);
    const instead =
      better === undefined
        ? 'write one such as "/", "/vms/100", "/pool/team-a", "/storage/local" or "/nodes/pve1"'
        : `write ${reading.key} = "${better}"`;
    return tell(reading, value.place, `is not ${aclPath.says}`, instead);
  },
};

/** The path that was most likely meant, of those that PVE takes. */
function betterPath(written: string): string | undefined {
  const tidy = `/${written
    .split("/")
    .filter((step) => step !== "")
    .join("/")}`;
  if (isAclPath(tidy)) return tidy;
  const [first = "", ...rest] = tidy.slice(1).split("/");
  const tops = PATHS.map(([prefix]) => prefix.slice(1)).filter((top) => !top.includes("/"));
  const top = suggest(first, tops);
  const path = `/${[top, ...rest].join("/")}`;
  return top !== undefined && isAclPath(path) ? path : undefined;
}
