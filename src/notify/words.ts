/** The mails in words: plain ASCII, counts and times, and what to do next. Pure. */
import { heldText } from "../decide/held.js";
import { instant, printable, wrapped } from "../decide/text.js";
import { ERRORS } from "../errors.js";
import type { Due } from "./due.js";
import type { Matter } from "./matters.js";

export interface Letter {
  readonly subject: string;
  readonly text: string;
}

/**
 * Characters in a line at most, so that the mail travels as it is: longer ones would be encoded, and
 * what hands it on to a chat shows the code.
 */
const MOST_LINE = 72;
/** Longer ones are cut; nodemailer folds what is over 76. */
const MOST_SUBJECT = 200;

/** @param node this machine's name, as the operating system says it */
export function letter(due: Due, node: string, now: number): Letter {
  const title = `${PREFIX[due.kind]}${headline(due)}`;
  const paragraphs = [
    `${title.charAt(0).toUpperCase()}${title.slice(1)}.`,
    ...(due.kind === "over" ? [] : [...facts(due.matter), ...advice(due.matter)]),
    closing(due, node, now),
  ];
  return {
    subject: plain(`pve-entra-agent on ${node}: ${title}`).slice(0, MOST_SUBJECT),
    text: `${paragraphs.map((paragraph) => wrapped(plain(paragraph), MOST_LINE).join("\n")).join("\n\n")}\n`,
  };
}

const PREFIX: Record<Due["kind"], string> = { begun: "", reminder: "Still: ", over: "Over: " };

function headline({ kind, matter }: Due): string {
  const over = kind === "over";
  switch (matter.topic) {
    case "held":
      return over
        ? `no change of realm ${matter.realm} is held any more`
        : `changes of realm ${matter.realm} are held`;
    case "secret":
      return over
        ? `Entra accepts the client secret of realm ${matter.realm} again`
        : `Entra refuses the client secret of realm ${matter.realm}`;
    case "pass":
      return over
        ? `realm ${matter.realm} has had a complete pass again`
        : `no complete pass over realm ${matter.realm} for an hour`;
    case "credential":
      return over
        ? "the agent's own credential for Entra was renewed"
        : "the agent's own credential for Entra ends soon";
  }
}

/** A pass is put down to one of these only where nothing else failed. */
const ABOUT_SECRETS = /^(?:SECRET|SSO_APP|ROTATION)_/;

function facts(matter: Matter): readonly string[] {
  switch (matter.topic) {
    case "held":
      return [
        `The guard holds ${heldText({ changes: matter.held, people: matter.people })} until you approve.`,
      ];
    case "secret":
      return [
        "Nobody can sign in to this realm until it has a secret that Entra accepts.",
        ...(matter.expires === undefined ? [] : [`Its end: ${instant(matter.expires)}.`]),
      ];
    case "pass":
      return [
        `The last good one: ${matter.lastSuccess === undefined ? "none yet" : instant(matter.lastSuccess)}.`,
        ...(matter.code === undefined ? [] : [`Why the last one failed: ${matter.code}.`]),
        ABOUT_SECRETS.test(matter.code ?? "")
          ? "Groups and rights were looked after all the same: it is about signing in."
          : "Until one succeeds, nobody gains rights, and nobody loses those that Entra took away.",
      ];
    case "credential":
      return matter.ends === undefined ? [] : [`Its end: ${instant(matter.ends)}.`];
  }
}

function advice(matter: Matter): readonly string[] {
  switch (matter.topic) {
    case "held":
      return [
        "Look at them with: pve-entra-agent plan",
        "If they are right, approve them as root with the command that it prints last.",
      ];
    case "secret":
      return [
        "Where rotate = true the agent makes a new one at once; this is over when it has.",
        "Look with: pve-entra-agent status",
      ];
    case "pass":
      return ["Look with: pve-entra-agent status, and journalctl -u pve-entra-agent"];
    case "credential":
      return [
        ERRORS.CREDENTIAL_ENDS_SOON.next,
        "Without it the agent can neither read groups nor renew secrets after that moment.",
      ];
  }
}

function closing({ kind, since }: Due, node: string, now: number): string {
  const more =
    kind === "over"
      ? "This was the last mail about it."
      : "A reminder comes once a day while it lasts, and one mail when it is over.";
  return `Node ${node}, ${instant(now)}; since ${instant(since)}. ${more}`;
}

/** No character that ends a header line, or that looks like another one, comes through. */
function plain(text: string): string {
  return printable(text).replace(/[^\x20-\x7e]/g, "?");
}
