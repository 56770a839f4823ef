import type { CodeRow } from "./pages.js";
import {
  bold,
  heading,
  italic,
  opening,
  page,
  paragraph,
  seeAlso,
  subheading,
  tagged,
  verbatim,
} from "./roff.js";
import type { Page } from "./roff.js";

/** pve-entra-agent(8): living with the daemon, and what each of its codes asks for. */
export function daemonPage(
  codes: readonly CodeRow[],
  edition: Pick<Page, "date" | "version">,
): string {
  const about = {
    name: "pve-entra-agent",
    section: 8,
    summary: "the daemon that keeps Microsoft Entra ID sign-in on Proxmox VE working",
    ...edition,
  } as const;
  return page(about, [
    heading("SYNOPSIS"),
    bold("systemctl start pve-entra-agent.service"),
    heading("DESCRIPTION"),
    opening(
      "The daemon looks at Microsoft Entra ID and at Proxmox VE every five minutes, compares the two, and does what is missing, one write at a time. Install it on every node of a cluster: exactly one of them writes.",
    ),
    paragraph(
      "It runs as the user pve-entra-agent. Credentials reach it through systemd alone, from files that only root may read.",
    ),
    heading("FIRST STEPS"),
    opening(
      "Freshly installed, the service runs and waits, for /etc/pve-entra-agent/config.toml holds comments only. Write the configuration, pve-entra-agent.toml(5), and put the credentials in their place (FILES). What the first pass is going to change, and why, is then shown by:",
    ),
    verbatim(["pve-entra-agent plan"]),
    paragraph(
      "Start with a restart, not a reload, for credentials reach the service at its start alone:",
    ),
    verbatim(["systemctl restart pve-entra-agent", "systemctl status pve-entra-agent"]),
    heading("DAILY LIFE"),
    tagged(
      bold("systemctl status pve-entra-agent"),
      "says in one line how it is, when the realm's secret ends and whether changes are held.",
    ),
    tagged(bold("pve-entra-agent status"), "says it in full, with what to look at."),
    tagged(bold("journalctl -u pve-entra-agent"), "shows what happened, with codes."),
    tagged(
      bold("pve-entra-agent history"),
      "shows every change to a person, group or secret, with its reason.",
    ),
    tagged(
      `${bold("pve-entra-agent sync --approve")} ${italic("ID")}`,
      "lets held changes through, once you have read them in the plan.",
    ),
    tagged(bold("systemctl reload pve-entra-agent"), "reads the configuration again."),
    heading("SIGNALS"),
    tagged(
      bold("SIGHUP"),
      "The configuration is read again. Where it is bad, the one before stays in force.",
    ),
    tagged(
      `${bold("SIGTERM")}, ${bold("SIGINT")}`,
      "The daemon ends after the request that is under way. The next start goes on from there.",
    ),
    heading("REMOVING"),
    opening(
      "Removing the package stops the agent and nothing else: people keep the groups and rights that they have, nobody's are taken away any more, and the realm's client secret ends on its day. Purging it removes config.toml, the journal and /etc/pve-entra-agent/credentials on this node too. What lies in /etc/pve belongs to the whole cluster and stays.",
    ),
    heading("FILES"),
    tagged(italic("/etc/pve-entra-agent/config.toml"), "The configuration."),
    tagged(italic("/etc/pve/priv/pve-entra-agent/"), "Credentials for all nodes of a cluster."),
    tagged(
      italic("/etc/pve-entra-agent/credentials/"),
      "Credentials of this node. A file of the same name in the folder above goes first.",
    ),
    tagged(
      italic("/var/lib/pve-entra-agent/"),
      "The journal: history and cache. It may be deleted while the service is stopped.",
    ),
    tagged(
      italic("/usr/share/pve-entra-agent/prometheus/"),
      "Scrape example, alert rules and a dashboard.",
    ),
    tagged(italic("/usr/share/doc/pve-entra-agent/"), "Everything else there is to know."),
    heading("CODES"),
    opening("Whatever goes wrong has a code, and something to do about it."),
    ...codes.map(({ code, level, summary, next }) =>
      [subheading(`${code} (${level})`), opening(`${summary} ${next}`)].join("\n"),
    ),
    seeAlso(
      ["pve-entra-agent", 1],
      ["pve-entra-agent.toml", 5],
      ["systemctl", 1],
      ["journalctl", 1],
    ),
  ]);
}
