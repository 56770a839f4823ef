/** What a person should know of the secrets of one SSO app. */
import type { Finding } from "../errors.js";
import { MANY } from "./rotation-clean.js";
import type { Rotate } from "./rotation-facts.js";
import type { Situation, Use } from "./rotation-use.js";
import { day, mayWrite } from "./rotation-use.js";

/** Lists lag behind an add for a while: nothing to speak of before this. */
const TEN_MINUTES = 600_000;

type FindingPolicy = (
  use: Use,
  situation: Situation,
  rotate: Rotate | undefined,
) => Finding | undefined;

const PER_REALM: readonly FindingPolicy[] = [refused, unproved, unlisted, endsSoon, foreign];

export function findingsOf(situation: Situation, rotate: Rotate | undefined): readonly Finding[] {
  const found = situation.uses.flatMap((use) =>
    PER_REALM.flatMap((policy) => policy(use, situation, rotate) ?? []),
  );
  return [...tooMany(situation), ...found];
}

function tooMany({ living, facts }: Situation): Finding[] {
  if (living < MANY) return [];
  const message = `${living} living secrets are named "${facts.displayName}"`;
  return [{ code: "ROTATION_TOO_MANY_SECRETS", message }];
}

function refused({ secret, key }: Use): Finding | undefined {
  if (key?.hint === "") {
    return about(secret.realm, "SECRET_REFUSED", "the realm has no client-key");
  }
  if (key?.proof?.kind !== "refused") return undefined;
  return about(secret.realm, "SECRET_REFUSED", `Entra says: ${key.proof.message}`);
}

function unproved({ secret, key }: Use): Finding | undefined {
  if (key?.proof?.kind !== "unclear") return undefined;
  const code = key.proof.appRefused ? "SSO_APP_REFUSED" : "SECRET_UNPROVED";
  return about(secret.realm, code, key.proof.message);
}

function unlisted({ secret, key }: Use, { facts }: Situation): Finding | undefined {
  if (key?.unlistedSince === undefined) return undefined;
  if (facts.time.now - key.unlistedSince < TEN_MINUTES) return undefined;
  const message = `no listed secret begins like the client-key of realm ${secret.realm}`;
  return about(secret.realm, "SECRET_UNLISTED", message);
}

/** Due, and neither being renewed nor about to be. */
function endsSoon(use: Use, { facts }: Situation, rotate: Rotate | undefined): Finding | undefined {
  const { secret, key, view } = use;
  if (view.ends === undefined || view.renewAt === undefined) return undefined;
  if (facts.time.now < view.renewAt || key?.proof?.kind === "refused") return undefined;
  if (facts.running || rotate?.realms.includes(secret.realm)) return undefined;
  const message = `it ends on ${day(view.ends)}, and ${whyNot(use)}`;
  return about(secret.realm, "SECRET_ENDS_SOON", message);
}

function whyNot({ secret, key }: Use): string {
  if (!secret.rotate) return "rotate = false";
  if (!secret.trusted) return "the realm is not the configured one";
  if (key?.proof?.kind !== "accepted") return "it cannot be proved just now";
  return "its renewal has to wait";
}

/**
 * Said while it goes out of use, and that takes its time: a new one rests and is proved before it is
 * written. From then on only a person can remove the old one.
 */
function foreign(use: Use, _: Situation, rotate: Rotate | undefined): Finding | undefined {
  const { secret, view } = use;
  if (!mayWrite(use) || !rotate?.realms.includes(secret.realm)) return undefined;
  if (view.own !== false || view.inUse === undefined) return undefined;
  const which = `the secret ${view.inUse.keyId} (${view.inUse.hint ?? "no hint"}…)`;
  const message = `${which} was not made by this agent, which will not remove it: it stays in the app until ${day(view.inUse.end)}`;
  return about(secret.realm, "ROTATION_FOREIGN_SECRET", message);
}

function about(realm: string, code: Finding["code"], message: string): Finding {
  return { code, message, realm };
}
