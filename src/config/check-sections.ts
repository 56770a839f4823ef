import { isLoopback } from "./loopback.js";
import { rotationKeys } from "./keys.js";
import type { entraKeys, healthKeys, pveKeys } from "./keys.js";
import type { Problems } from "./problems.js";
import type { Section } from "./table.js";

/** What contradicts itself within one section. */

export function checkPve(pve: Section<typeof pveKeys>, problems: Problems): void {
  if (pve.has("fingerprint") && pve.has("ca_file")) {
    problems.add(
      pve.at("fingerprint"),
      "[pve] has both ca_file and fingerprint",
      "keep fingerprint to trust one certificate alone, ca_file to trust whatever that CA issues",
    );
  }
}

export function checkEntra(entra: Section<typeof entraKeys>, problems: Problems): void {
  checkCredential(entra, problems);
  checkCloud(entra, problems);
}

const CREDENTIALS = ["certificate_file", "client_secret_file", "managed_identity"] as const;

function checkCredential(entra: Section<typeof entraKeys>, problems: Problems): void {
  const [first, ...others] = CREDENTIALS.filter((key) => entra.has(key));
  if (first === undefined) {
    problems.add(
      entra.place,
      "[entra] says nothing that the agent app proves itself with",
      `write one of ${CREDENTIALS.join(", ")}`,
    );
  }
  for (const other of others) {
    problems.add(
      entra.at(other),
      `[entra] has both ${first} and ${other}`,
      "keep the one that the agent app is to use",
    );
  }
}

function checkCloud(entra: Section<typeof entraKeys>, problems: Problems): void {
  const given = (["authority", "graph"] as const).filter((key) => entra.has(key));
  for (const key of given) {
    if (entra.has("cloud")) {
      problems.add(
        entra.at(key),
        `[entra] has both cloud and ${key}`,
        "keep cloud for one of Microsoft's own, or authority and graph for other addresses",
      );
    }
  }
  const [only] = given;
  if (only !== undefined && given.length === 1) {
    const other = only === "authority" ? "graph" : "authority";
    problems.add(
      entra.at(only),
      `[entra] has ${only} without ${other}`,
      `write ${other} too, or cloud instead`,
    );
  }
}

/**
 * A secret is replaced at the latest after two thirds of its life (a third at most is
 * `renew_before`), so an overlap under half of it never lets old secrets pile up.
 */
export function checkRotation(rotation: Section<typeof rotationKeys>, problems: Problems): void {
  const { lifetime, renew_before: renewBefore, overlap } = rotation.values;
  if (lifetime === undefined) return;
  if (renewBefore !== undefined && renewBefore >= lifetime) {
    problems.add(
      rotation.at(rotation.has("renew_before") ? "renew_before" : "lifetime"),
      `renew_before in [rotation]${absent(rotation, "renew_before")} is not less than lifetime`,
      "write a renew_before of about a third of lifetime",
    );
  }
  if (overlap !== undefined && overlap >= lifetime / 2) {
    problems.add(
      rotation.at(rotation.has("overlap") ? "overlap" : "lifetime"),
      `overlap in [rotation]${absent(rotation, "overlap")} is not less than half of lifetime`,
      "write a shorter overlap",
    );
  }
}

/** Says which default is meant where a key stands in no line. */
function absent(rotation: Section<typeof rotationKeys>, key: "renew_before" | "overlap"): string {
  return rotation.has(key) ? "" : ` (${rotationKeys[key].otherwise ?? ""} by default)`;
}

export function checkHealth(health: Section<typeof healthKeys>, problems: Problems): void {
  const { listen } = health.values;
  if (listen === undefined || isLoopback(listen.host) || health.has("token_file")) return;
  problems.add(
    health.at("listen"),
    "listen in [health] is an address that others can reach, and there is no token_file",
    'write a token_file, or listen = "127.0.0.1:9646"',
  );
}
