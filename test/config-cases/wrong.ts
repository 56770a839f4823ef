import { BASE } from "./base.js";

/** One wrong configuration: the base with changes, and exactly what is said of it. */
export interface Wrong {
  readonly name: string;
  /** What is replaced by what; `END` stands for the end of the file. */
  readonly change: Readonly<Record<string, string>>;
  /** `line:column: what is wrong; what to write instead`, in this order. */
  readonly says: readonly string[];
}

/** Configurations that are TOML and still cannot be meant. */
export const WRONG: readonly Wrong[] = [
  {
    name: "an empty file",
    change: { [BASE]: "" },
    says: ["1:1: nothing is configured yet; write it as config.example.toml shows"],
  },
  {
    name: "a section that is missing",
    change: {
      '[entra]\ntenant_id = "00000000-0000-4000-8000-000000000001"\nclient_id = "00000000-0000-4000-8000-000000000002"\ncertificate_file = "agent.pem"\n':
        "",
    },
    says: [
      "1:1: a section that begins with [entra] is missing; write it as config.example.toml shows",
    ],
  },
  {
    name: "mandatory keys that are missing",
    change: {
      'token_id = "entra-agent@pve!agent"\n': "",
      'tenant_id = "00000000-0000-4000-8000-000000000001"\n': "",
      'name = "pve-admins"\n': "",
    },
    says: [
      '1:1: [pve] lacks token_id; write token_id = "entra-agent@pve!agent"',
      '5:1: [entra] lacks tenant_id; write tenant_id = "11111111-1111-1111-1111-111111111111"',
      '18:1: [[realm.group]] lacks name; write name = "pve-admins"',
    ],
  },
  {
    name: "a section in two brackets",
    change: { "[pve]": "[[pve]]" },
    says: ["1:1: [pve] may be there only once; write [pve] on a line of its own"],
  },
  {
    name: "a realm in one bracket",
    change: { "[[realm]]\nname": "[realm]\nname" },
    says: [
      "16:1: [[realm]] is a list of sections; write [[realm]], with two brackets, on a line of its own",
    ],
  },
  {
    name: "a mapping in one bracket",
    change: { "[[realm.group]]": "[realm.group]" },
    says: [
      "20:1: [[realm.group]] is a list of sections; write [[realm.group]], with two brackets, on a line of its own",
    ],
  },
  {
    name: "a value in place of a section",
    change: { "[pve]\n": 'cluster = "berlin"\n[pve]\n' },
    says: ["1:11: [cluster] is a section, not a value; write [cluster] on a line of its own"],
  },
  {
    name: "an empty list of realms",
    change: {
      "[pve]\n": "realm = []\n[pve]\n",
      '[[realm]]\nname = "entra"\nclient_id = "00000000-0000-4000-8000-000000000003"\nrotate = true\n[[realm.group]]\nentra = "00000000-0000-4000-8000-000000000004"\nname = "pve-admins"\nacl = [ { path = "/", role = "Administrator" } ]\n':
        "",
    },
    says: [
      "1:9: [[realm]] is a list of sections; write [[realm]], with two brackets, on a line of its own",
    ],
  },
  {
    name: "an unknown section",
    change: { "[health]": "[helth]\n[health]" },
    says: ["12:1: helth at the top level is not a key; did you mean health?"],
  },
  {
    name: "an unknown section like no other",
    change: { "[health]": "[backup]\n[health]" },
    says: [
      "12:1: backup at the top level is not a key; remove it, or write one of pve, entra, schedule, rotation, guard, cluster, health, state, notify, realm",
    ],
  },
  {
    name: "a misspelt key",
    change: {
      'token_file = "pve-token"': 'token_file = "pve-token"\nservername = "pve1.example.com"',
    },
    says: ["6:1: servername in [pve] is not a key; did you mean server_name?"],
  },
  {
    name: "a key in another spelling",
    change: { token_file: "tokenFile" },
    says: [
      '1:1: [pve] lacks token_file; write token_file = "pve-token"',
      "5:1: tokenFile in [pve] is not a key; did you mean token_file?",
    ],
  },
  {
    name: "a key like no other",
    change: { 'token_file = "pve-token"': 'token_file = "pve-token"\ncolour = "red"' },
    says: [
      "6:1: colour in [pve] is not a key; remove it, or write one of url, server_name, ca_file, fingerprint, token_id, token_file",
    ],
  },
  {
    name: "a key of another section",
    change: { 'token_file = "pve-token"': 'token_file = "pve-token"\njitter = "30s"' },
    says: ["6:1: jitter in [pve] is a key of [schedule]; move it there, or remove it"],
  },
  {
    name: "a key of two other sections",
    change: { "[health]": '[health]\nclient_id = "00000000-0000-4000-8000-000000000002"' },
    says: [
      "13:1: client_id in [health] is a key of [entra] and [[realm]]; move it there, or remove it",
    ],
  },
  {
    name: "a key above the first section",
    change: { "[pve]\n": 'url = "https://127.0.0.1:8006"\n[pve]\n' },
    says: ["1:1: url at the top level is a key of [pve]; move it there, or remove it"],
  },
  {
    name: "a key that pollutes prototypes",
    change: {
      'token_file = "pve-token"':
        'token_file = "pve-token"\n__proto__ = { url = "https://127.0.0.1:8006" }',
    },
    says: [
      "6:1: this in [pve] is not a key; remove it, or write one of url, server_name, ca_file, fingerprint, token_id, token_file",
    ],
  },
  {
    name: "a section that pollutes prototypes",
    change: { "[health]": "[constructor.prototype]\nurl = 1\n[health]" },
    says: [
      "12:1: constructor at the top level is not a key; remove it, or write one of pve, entra, schedule, rotation, guard, cluster, health, state, notify, realm",
    ],
  },
  {
    name: "a client secret in the file",
    change: { 'certificate_file = "agent.pem"': 'client_secret = "not-a-real-one"' },
    says: [
      "6:1: [entra] says nothing that the agent app proves itself with; write one of certificate_file, client_secret_file, managed_identity",
      "9:1: client_secret in [entra] is not a key; put a secret into a file of its own and write certificate_file or client_secret_file",
    ],
  },
  {
    name: "a token in the file",
    change: { 'token_file = "pve-token"': 'token = "not-a-real-one"' },
    says: [
      '1:1: [pve] lacks token_file; write token_file = "pve-token"',
      "5:1: token in [pve] is not a key; put a secret into a file of its own and write token_file",
    ],
  },
  {
    name: "a client key in the realm",
    change: { "rotate = true": 'client_key = "not-a-real-one"' },
    says: ["19:1: client_key in [[realm]] is not a key; remove it: no secret belongs here"],
  },
  {
    name: "a password in a section that has no secret",
    change: { "[state]": '[state]\npassword = "not-a-real-one"' },
    says: ["15:1: password in [state] is not a key; remove it: no secret belongs here"],
  },
  {
    name: "a key that may be a pasted secret",
    change: { 'token_file = "pve-token"': 'token_file = "pve-token"\n"Zq8~x" = 1' },
    says: [
      "6:1: this in [pve] is not a key; remove it, or write one of url, server_name, ca_file, fingerprint, token_id, token_file",
    ],
  },
  {
    name: "an integer in place of text",
    change: { 'url = "https://127.0.0.1:8006"': "url = 8006" },
    says: [
      '2:7: url in [pve] is an integer, not an https address of host and port alone; write url = "https://127.0.0.1:8006"',
    ],
  },
  {
    name: "a date in place of text",
    change: { 'name = "entra"': "name = 2026-11-22" },
    says: [
      "17:8: name in [[realm]] is a date, not the name of an OpenID realm (2 to 32 of letters, digits, '.', '_' and '-', a letter first; not pam, not pve); write name = \"entra\"",
    ],
  },
  {
    name: "text in place of true",
    change: { "rotate = true": 'rotate = "yes"' },
    says: [
      "19:10: rotate in [[realm]] is text in quotes, not true or false without quotes; write rotate = true",
    ],
  },
  {
    name: "true in place of a word",
    change: { "rotate = true": "guests = true" },
    says: [
      '19:10: guests in [[realm]] is a boolean, not one of "skip" or "allow"; write guests = "skip"',
    ],
  },
  {
    name: "a fraction in place of an integer",
    change: { "[health]": "[guard]\nmax_removals = 1.5\n[health]" },
    says: [
      "13:16: max_removals in [guard] is a fraction, not a whole number from 0 to 100000 without quotes; write max_removals = 10",
    ],
  },
  {
    name: "text in place of an integer",
    change: { "[health]": '[guard]\nmax_removals = "10"\n[health]' },
    says: [
      "13:16: max_removals in [guard] is text in quotes, not a whole number from 0 to 100000 without quotes; write max_removals = 10",
    ],
  },
  {
    name: "a negative count",
    change: { "[health]": "[guard]\nmax_disabled = -1\n[health]" },
    says: [
      "13:16: max_disabled in [guard] is not a whole number from 0 to 100000 without quotes; write max_disabled = 50",
    ],
  },
  {
    name: "an infinite share",
    change: { "[health]": "[guard]\nmax_removal_share = inf\n[health]" },
    says: [
      "13:21: max_removal_share in [guard] is not a share from 0 to 1 without quotes; write max_removal_share = 0.2",
    ],
  },
  {
    name: "a share in percent",
    change: { "[health]": "[guard]\nmax_removal_share = 20\n[health]" },
    says: [
      "13:21: max_removal_share in [guard] is not a share from 0 to 1 without quotes; write max_removal_share = 0.2",
    ],
  },
  {
    name: "a table in place of text",
    change: { 'name = "entra"': 'name = { is = "entra" }' },
    says: [
      "17:8: name in [[realm]] is a table, not the name of an OpenID realm (2 to 32 of letters, digits, '.', '_' and '-', a letter first; not pam, not pve); write name = \"entra\"",
    ],
  },
  {
    name: "a list in place of text",
    change: { 'name = "entra"': 'name = ["entra"]' },
    says: [
      "17:8: name in [[realm]] is a list, not the name of an OpenID realm (2 to 32 of letters, digits, '.', '_' and '-', a letter first; not pam, not pve); write name = \"entra\"",
    ],
  },
  {
    name: "a plain http address",
    change: { "https://127.0.0.1:8006": "http://127.0.0.1:8006" },
    says: [
      '2:7: url in [pve] is not an https address of host and port alone; write url = "https://127.0.0.1:8006"',
    ],
  },
  {
    name: "an address with a path",
    change: { "https://127.0.0.1:8006": "https://127.0.0.1:8006/api2/json" },
    says: [
      '2:7: url in [pve] is not an https address of host and port alone; write url = "https://127.0.0.1:8006"',
    ],
  },
  {
    name: "an address with a password",
    change: { "https://127.0.0.1:8006": "https://root:x@127.0.0.1:8006" },
    says: [
      '2:7: url in [pve] is not an https address of host and port alone; write url = "https://127.0.0.1:8006"',
    ],
  },
  {
    name: "an address without a scheme",
    change: { "https://127.0.0.1:8006": "127.0.0.1:8006" },
    says: [
      '2:7: url in [pve] is not an https address of host and port alone; write url = "https://127.0.0.1:8006"',
    ],
  },
  {
    name: "a server name that is an address",
    change: { 'token_file = "pve-token"': 'token_file = "pve-token"\nserver_name = "10.0.0.1"' },
    says: [
      '6:15: server_name in [pve] is not a DNS name as it stands in the certificate; write server_name = "pve1.example.com"',
    ],
  },
  {
    name: "a fingerprint of SHA-1",
    change: {
      'ca_file = "pve-root-ca.pem"':
        'fingerprint = "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"',
    },
    says: [
      "3:15: fingerprint in [pve] is not a SHA-256 fingerprint (32 hex pairs with ':' between); write fingerprint = \"AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA\"",
    ],
  },
  {
    name: "a CA beside a fingerprint",
    change: {
      'token_file = "pve-token"':
        'token_file = "pve-token"\nfingerprint = "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"',
    },
    says: [
      "6:15: [pve] has both ca_file and fingerprint; keep fingerprint to trust one certificate alone, ca_file to trust whatever that CA issues",
    ],
  },
  {
    name: "a token id with the secret behind it",
    change: { "entra-agent@pve!agent": "entra-agent@pve!agent=not-a-real-one" },
    says: [
      '4:12: token_id in [pve] has the token\'s secret behind its name; write "entra-agent@pve!agent" alone, and the secret into the token_file',
    ],
  },
  {
    name: "a token id without a token",
    change: { "entra-agent@pve!agent": "entra-agent@pve" },
    says: [
      '4:12: token_id in [pve] is not a token id of the form "user@realm!name"; write token_id = "entra-agent@pve!agent"',
    ],
  },
  {
    name: "a token of a user whom the agent manages",
    change: { "entra-agent@pve!agent": "someone@entra!agent" },
    says: [
      '4:12: token_id in [pve] belongs to a user of a realm that the agent manages; write the token of a user such as "entra-agent@pve"',
    ],
  },
  {
    name: "a tenant by its domain",
    change: {
      'tenant_id = "00000000-0000-4000-8000-000000000001"': 'tenant_id = "contoso.onmicrosoft.com"',
    },
    says: [
      '7:13: tenant_id in [entra] is not an id as the portal shows it (a GUID); write tenant_id = "11111111-1111-1111-1111-111111111111"',
    ],
  },
  {
    name: "no credential",
    change: { 'certificate_file = "agent.pem"\n': "" },
    says: [
      "6:1: [entra] says nothing that the agent app proves itself with; write one of certificate_file, client_secret_file, managed_identity",
    ],
  },
  {
    name: "two credentials",
    change: {
      'certificate_file = "agent.pem"':
        'certificate_file = "agent.pem"\nclient_secret_file = "pve-token"',
    },
    says: [
      "10:22: [entra] has both certificate_file and client_secret_file; keep the one that the agent app is to use",
    ],
  },
  {
    name: "three credentials",
    change: {
      'certificate_file = "agent.pem"':
        'managed_identity = "azure-arc"\ncertificate_file = "agent.pem"\nclient_secret_file = "pve-token"',
    },
    says: [
      "9:20: [entra] has both certificate_file and managed_identity; keep the one that the agent app is to use",
      "11:22: [entra] has both certificate_file and client_secret_file; keep the one that the agent app is to use",
    ],
  },
  {
    name: "a managed identity of another kind",
    change: { 'certificate_file = "agent.pem"': 'managed_identity = "vm"' },
    says: [
      '9:20: managed_identity in [entra] is not "azure-arc"; write managed_identity = "azure-arc"',
    ],
  },
  {
    name: "an unknown cloud",
    change: {
      'certificate_file = "agent.pem"': 'certificate_file = "agent.pem"\ncloud = "germany"',
    },
    says: [
      '10:9: cloud in [entra] is not one of "public", "usgov", "usgov-dod" or "china"; write cloud = "public"',
    ],
  },
  {
    name: "a cloud beside addresses",
    change: {
      'certificate_file = "agent.pem"':
        'certificate_file = "agent.pem"\ncloud = "public"\nauthority = "https://login.example.com"\ngraph = "https://graph.example.com"',
    },
    says: [
      "11:13: [entra] has both cloud and authority; keep cloud for one of Microsoft's own, or authority and graph for other addresses",
      "12:9: [entra] has both cloud and graph; keep cloud for one of Microsoft's own, or authority and graph for other addresses",
    ],
  },
  {
    name: "an authority without a graph",
    change: {
      'certificate_file = "agent.pem"':
        'certificate_file = "agent.pem"\nauthority = "https://login.example.com"',
    },
    says: ["10:13: [entra] has authority without graph; write graph too, or cloud instead"],
  },
  {
    name: "a graph without an authority",
    change: {
      'certificate_file = "agent.pem"':
        'certificate_file = "agent.pem"\ngraph = "https://graph.example.com"',
    },
    says: ["10:9: [entra] has graph without authority; write authority too, or cloud instead"],
  },
  {
    name: "a graph with its version",
    change: {
      'certificate_file = "agent.pem"':
        'certificate_file = "agent.pem"\nauthority = "https://login.example.com"\ngraph = "https://graph.example.com/v1.0"',
    },
    says: [
      '11:9: graph in [entra] is not an https address of host and port alone; write graph = "https://graph.microsoft.com"',
    ],
  },
  {
    name: "a proxy with a password",
    change: {
      'certificate_file = "agent.pem"':
        'certificate_file = "agent.pem"\nproxy = "http://me:x@proxy:3128"',
    },
    says: [
      '10:9: proxy in [entra] is not an http address of a proxy without user and password; write proxy = "http://proxy.example.com:3128"',
    ],
  },
  {
    name: "a proxy that is not spoken to by HTTP",
    change: {
      'certificate_file = "agent.pem"':
        'certificate_file = "agent.pem"\nproxy = "socks5://proxy:1080"',
    },
    says: [
      '10:9: proxy in [entra] is not an http address of a proxy without user and password; write proxy = "http://proxy.example.com:3128"',
    ],
  },
  {
    name: "a cron expression with seconds",
    change: { "[health]": '[schedule]\ncron = "0 */5 * * * *"\n[health]' },
    says: [
      '13:8: cron in [schedule] is not a cron expression of five fields (minute hour day month weekday, in UTC); write cron = "*/5 * * * *"',
    ],
  },
  {
    name: "a cron expression that never comes true",
    change: { "[health]": '[schedule]\ncron = "0 0 31 2 *"\n[health]' },
    says: [
      '13:8: cron in [schedule] is not a cron expression of five fields (minute hour day month weekday, in UTC); write cron = "*/5 * * * *"',
    ],
  },
  {
    name: "a cron expression by name",
    change: { "[health]": '[schedule]\ncron = "@daily"\n[health]' },
    says: [
      '13:8: cron in [schedule] is not a cron expression of five fields (minute hour day month weekday, in UTC); write cron = "*/5 * * * *"',
    ],
  },
  {
    name: "a duration without a unit",
    change: { "[health]": '[schedule]\njitter = "30"\n[health]' },
    says: ['13:10: jitter in [schedule] is not a duration from "0s" to "1h"; write jitter = "30s"'],
  },
  {
    name: "a duration as an integer",
    change: { '"180d"': "180" },
    says: [
      '11:12: lifetime in [rotation] is an integer, not a duration from "1d" to "730d"; write lifetime = "180d"',
    ],
  },
  {
    name: "a duration in months",
    change: { '"180d"': '"6mo"' },
    says: [
      '11:12: lifetime in [rotation] is not a duration from "1d" to "730d"; write lifetime = "180d"',
    ],
  },
  {
    name: "a negative duration",
    change: { "[health]": '[schedule]\njitter = "-30s"\n[health]' },
    says: ['13:10: jitter in [schedule] is not a duration from "0s" to "1h"; write jitter = "30s"'],
  },
  {
    name: "a proof that is too short",
    change: { 'lifetime = "180d"': 'proof = "9s"' },
    says: ['11:9: proof in [rotation] is not a duration from "10s" to "10m"; write proof = "60s"'],
  },
  {
    name: "a proof that is too long",
    change: { 'lifetime = "180d"': 'proof = "11m"' },
    says: ['11:9: proof in [rotation] is not a duration from "10s" to "10m"; write proof = "60s"'],
  },
  {
    name: "an overlap that is too short",
    change: { 'lifetime = "180d"': 'overlap = "5m"' },
    says: [
      '11:11: overlap in [rotation] is not a duration from "10m" to "30d"; write overlap = "24h"',
    ],
  },
  {
    name: "a renewal before the beginning",
    change: { 'lifetime = "180d"': 'lifetime = "90d"\nrenew_before = "90d"' },
    says: [
      "12:16: renew_before in [rotation] is not less than lifetime; write a renew_before of about a third of lifetime",
    ],
  },
  {
    name: "a lifetime below the default renewal",
    change: { 'lifetime = "180d"': 'lifetime = "30d"' },
    says: [
      '11:12: renew_before in [rotation] ("60d" by default) is not less than lifetime; write a renew_before of about a third of lifetime',
    ],
  },
  {
    name: "an overlap of half the lifetime",
    change: { 'lifetime = "180d"': 'lifetime = "2d"\nrenew_before = "12h"\noverlap = "24h"' },
    says: [
      "13:11: overlap in [rotation] is not less than half of lifetime; write a shorter overlap",
    ],
  },
  {
    name: "a lifetime below twice the default overlap",
    change: { 'lifetime = "180d"': 'lifetime = "1d"\nrenew_before = "6h"' },
    says: [
      '11:12: overlap in [rotation] ("24h" by default) is not less than half of lifetime; write a shorter overlap',
    ],
  },
  {
    name: "a mail server of another machine",
    change: { "[health]": '[notify]\nsmtp = "192.0.2.25:25"\n[health]' },
    says: [
      '13:8: smtp in [notify] is not a loopback address and a port; write smtp = "127.0.0.1:25"',
    ],
  },
  {
    name: "a mail server by name, whoever that may be",
    change: { "[health]": '[notify]\nsmtp = "localhost:25"\n[health]' },
    says: [
      '13:8: smtp in [notify] is not a loopback address and a port; write smtp = "127.0.0.1:25"',
    ],
  },
  {
    name: "a mail server without a port to connect to",
    change: { "[health]": '[notify]\nsmtp = "127.0.0.1:0"\n[health]' },
    says: [
      '13:8: smtp in [notify] is not a loopback address and a port; write smtp = "127.0.0.1:25"',
    ],
  },
  {
    name: "a mailbox that would end its header, and one that is an option",
    change: {
      "[health]":
        '[notify]\nmail_to = "root\\r\\nBcc: all@example.com"\nmail_from = "-froot"\n[health]',
    },
    says: [
      '13:11: mail_to in [notify] is not a mailbox, such as root or an address; write mail_to = "root"',
      '14:13: mail_from in [notify] is not a mailbox, such as root or an address; write mail_from = "root"',
    ],
  },
  {
    name: "several mailboxes, and a password for the server",
    change: {
      "[health]": '[notify]\nmail_to = "root, admin@example.com"\npassword = "x"\n[health]',
    },
    says: [
      '13:11: mail_to in [notify] is not a mailbox, such as root or an address; write mail_to = "root"',
      "14:1: password in [notify] is not a key; remove it: no secret belongs here",
    ],
  },
  {
    name: "a size without a unit",
    change: { "[health]": '[guard]\nuser_db_reserve = "65536"\n[health]' },
    says: [
      '13:19: user_db_reserve in [guard] is not a size from "0B" to "512KiB"; write user_db_reserve = "64KiB"',
    ],
  },
  {
    name: "a size beyond half the user database",
    change: { "[health]": '[guard]\nuser_db_reserve = "1MiB"\n[health]' },
    says: [
      '13:19: user_db_reserve in [guard] is not a size from "0B" to "512KiB"; write user_db_reserve = "64KiB"',
    ],
  },
  {
    name: "a writer with its domain",
    change: { "[health]": '[cluster]\nwriter = "pve1.example.com"\n[health]' },
    says: [
      '13:10: writer in [cluster] is not a node\'s name as the cluster shows it, without a domain; write writer = "pve1"',
    ],
  },
  {
    name: "a cluster id with a slash",
    change: { "[health]": '[cluster]\nid = "berlin/1"\n[health]' },
    says: [
      "13:6: id in [cluster] is not an id for this cluster (1 to 32 of letters, digits, '.', '_' and '-'); write id = \"berlin-1\"",
    ],
  },
  {
    name: "a health address that others reach",
    change: { "127.0.0.1:9646": "0.0.0.0:9646" },
    says: [
      '13:10: listen in [health] is an address that others can reach, and there is no token_file; write a token_file, or listen = "127.0.0.1:9646"',
    ],
  },
  {
    name: "a health address by name",
    change: { "127.0.0.1:9646": "localhost:9646" },
    says: [
      '13:10: listen in [health] is not an IP address and a port; write listen = "127.0.0.1:9646"',
    ],
  },
  {
    name: "a health address without a port",
    change: { "127.0.0.1:9646": "127.0.0.1" },
    says: [
      '13:10: listen in [health] is not an IP address and a port; write listen = "127.0.0.1:9646"',
    ],
  },
  {
    name: "a health port that does not exist",
    change: { "127.0.0.1:9646": "127.0.0.1:70000" },
    says: [
      '13:10: listen in [health] is not an IP address and a port; write listen = "127.0.0.1:9646"',
    ],
  },
  {
    name: "a health address of IPv6 without brackets",
    change: { "127.0.0.1:9646": "::1:9646" },
    says: [
      '13:10: listen in [health] is not an IP address and a port; write listen = "127.0.0.1:9646"',
    ],
  },
  {
    name: "a relative state folder",
    change: { '"/nowhere/pve-entra-agent"': '"state"' },
    says: [
      '15:7: dir in [state] is not the absolute path of a folder; write dir = "/var/lib/pve-entra-agent"',
    ],
  },
  {
    name: "a state folder that is a file",
    change: { '"/nowhere/pve-entra-agent"': '"/dev/null"' },
    says: [
      '15:7: dir in [state] is not the absolute path of a folder; write dir = "/var/lib/pve-entra-agent"',
    ],
  },
  {
    name: "a file that is not there",
    change: { '"pve-token"': '"pve-tokn"' },
    says: [
      "5:14: token_file in [pve] names a file that is not there in FOLDER; create it, or write the name of the file that holds it, never its content",
    ],
  },
  {
    name: "an absolute file that is not there",
    change: { '"pve-token"': '"/nowhere/pve-token"' },
    says: [
      "5:14: token_file in [pve] names a file that is not there; create it, or write the name of the file that holds it, never its content",
    ],
  },
  {
    name: "a folder in place of a file",
    change: { '"pve-token"': '"."' },
    says: [
      "5:14: token_file in [pve] does not name a file; write the name of the file that holds it, never its content",
    ],
  },
  {
    name: "a certificate in place of its file",
    change: { '"agent.pem"': '"""-----BEGIN CERTIFICATE-----\nnothing"""' },
    says: [
      "9:20: certificate_file in [entra] does not name a file; write the name of the file that holds it, never its content",
    ],
  },
  {
    name: "an empty file name",
    change: { '"pve-token"': '""' },
    says: [
      "5:14: token_file in [pve] does not name a file; write the name of the file that holds it, never its content",
    ],
  },
  {
    name: "a realm of PVE's own",
    change: { 'name = "entra"': 'name = "pam"' },
    says: [
      "17:8: name in [[realm]] is not the name of an OpenID realm (2 to 32 of letters, digits, '.', '_' and '-', a letter first; not pam, not pve); write name = \"entra\"",
    ],
  },
  {
    name: "a realm name that begins with a digit",
    change: { 'name = "entra"': 'name = "1entra"' },
    says: [
      "17:8: name in [[realm]] is not the name of an OpenID realm (2 to 32 of letters, digits, '.', '_' and '-', a letter first; not pam, not pve); write name = \"entra\"",
    ],
  },
  {
    name: "two realms of one name",
    change: {
      END: '[[realm]]\nname = "entra"\nclient_id = "00000000-0000-4000-8000-000000000005"\n',
    },
    says: ["25:8: this is the name of the realm in line 17 too; put the mappings of both into one"],
  },
  {
    name: "a realm with the agent app",
    change: { '000000000003"': '000000000002"' },
    says: [
      "18:13: client_id in [[realm]] is the agent app's own; write the client id of the app that people sign in to",
    ],
  },
  {
    name: "two realms of one app that differ in rotate",
    change: {
      END: '[[realm]]\nname = "second"\nclient_id = "00000000-0000-4000-8000-000000000003"\nrotate = false\n[[realm.group]]\nentra = "00000000-0000-4000-8000-000000000006"\nname = "pve-users"\n',
    },
    says: [
      "27:10: rotate in [[realm]] is not that of the realm in line 16, which has the same client_id; write the same rotate in both",
    ],
  },
  {
    name: "a realm with nothing to do",
    change: {
      END: '[[realm]]\nname = "second"\nclient_id = "00000000-0000-4000-8000-000000000005"\nrotate = false\n',
    },
    says: [
      "27:10: [[realm]] has neither rotate = true nor a [[realm.group]], so there is nothing to do for it; write rotate = true, or a mapping, or remove the realm",
    ],
  },
  {
    name: "a deletion after less than a day",
    change: { "rotate = true": 'delete_after = "23h"' },
    says: [
      '19:16: delete_after in [[realm]] is not a duration from "1d" to "3650d"; write delete_after = "30d"',
    ],
  },
  {
    name: "an unknown word for leavers",
    change: { "rotate = true": 'on_leave = "remove"' },
    says: [
      '19:12: on_leave in [[realm]] is not one of "disable", "delete" or "keep"; write on_leave = "disable"',
    ],
  },
  {
    name: "an unknown word for users outside",
    change: { "rotate = true": 'unmarked = "delete"' },
    says: [
      '19:12: unmarked in [[realm]] is not one of "report" or "disable"; write unmarked = "report"',
    ],
  },
  {
    name: "an Entra group by its name",
    change: { '"00000000-0000-4000-8000-000000000004"': '"PVE Admins"' },
    says: [
      '21:9: entra in [[realm.group]] is not an id as the portal shows it (a GUID); write entra = "11111111-1111-1111-1111-111111111111"',
    ],
  },
  {
    name: "an Entra group twice",
    change: {
      'entra = "00000000-0000-4000-8000-000000000004"':
        'entra = ["00000000-0000-4000-8000-00000000000A", "00000000-0000-4000-8000-00000000000a"]',
    },
    says: ["21:50: entra in [[realm.group]] names one group twice; remove one of the two"],
  },
  {
    name: "a mapping of no Entra group",
    change: { 'entra = "00000000-0000-4000-8000-000000000004"': "entra = []" },
    says: [
      "21:9: entra in [[realm.group]] is an empty list; write the object id of a group, or remove the mapping",
    ],
  },
  {
    name: "a mapping of a number",
    change: { 'entra = "00000000-0000-4000-8000-000000000004"': "entra = 4" },
    says: [
      '21:9: entra in [[realm.group]] is an integer, not the object id of an Entra group, or a list of them; write entra = "11111111-1111-1111-1111-111111111111"',
    ],
  },
  {
    name: "a list with a number in it",
    change: {
      'entra = "00000000-0000-4000-8000-000000000004"':
        'entra = ["00000000-0000-4000-8000-000000000004", 4]',
    },
    says: [
      '21:50: entra in [[realm.group]] is an integer, not an id as the portal shows it (a GUID); write entra = "11111111-1111-1111-1111-111111111111"',
    ],
  },
  {
    name: "a group name with a space",
    change: { '"pve-admins"': '"pve admins"' },
    says: [
      "22:8: name in [[realm.group]] is not a group name of PVE (letters, digits, '.', '_' and '-'; not 0); write name = \"pve-admins\"",
    ],
  },
  {
    name: "a group called 0",
    change: { '"pve-admins"': '"0"' },
    says: [
      "22:8: name in [[realm.group]] is not a group name of PVE (letters, digits, '.', '_' and '-'; not 0); write name = \"pve-admins\"",
    ],
  },
  {
    name: "a group called ..",
    change: { '"pve-admins"': '".."' },
    says: [
      "22:8: name in [[realm.group]] is not a group name of PVE (letters, digits, '.', '_' and '-'; not 0); write name = \"pve-admins\"",
    ],
  },
  {
    name: "two mappings of one name in one realm",
    change: {
      END: '[[realm.group]]\nentra = "00000000-0000-4000-8000-000000000006"\nname = "pve-admins"\n',
    },
    says: [
      '26:8: this is the name of the group in line 22 too; name another group, or list the Entra groups of both in one mapping: entra = ["…", "…"]',
    ],
  },
  {
    name: "two mappings of one name in two realms",
    change: {
      END: '[[realm]]\nname = "second"\nclient_id = "00000000-0000-4000-8000-000000000005"\n[[realm.group]]\nentra = "00000000-0000-4000-8000-000000000006"\nname = "pve-admins"\n',
    },
    says: [
      '29:8: this is the name of the group in line 22 too; name another group, or list the Entra groups of both in one mapping: entra = ["…", "…"]',
    ],
  },
  {
    name: "an ACL without a leading slash",
    change: { 'path = "/"': 'path = "pool/team"' },
    says: [
      '23:18: path in acl of [[realm.group]] is not a path that PVE knows; write path = "/pool/team"',
    ],
  },
  {
    name: "an ACL with a trailing slash",
    change: { 'path = "/"': 'path = "/pool/team/"' },
    says: [
      '23:18: path in acl of [[realm.group]] is not a path that PVE knows; write path = "/pool/team"',
    ],
  },
  {
    name: "an ACL on a misspelt path",
    change: { 'path = "/"': 'path = "/storages/local"' },
    says: [
      '23:18: path in acl of [[realm.group]] is not a path that PVE knows; write path = "/storage/local"',
    ],
  },
  {
    name: "an ACL on a guest below 100",
    change: { 'path = "/"': 'path = "/vms/99"' },
    says: [
      '23:18: path in acl of [[realm.group]] is not a path that PVE knows; write one such as "/", "/vms/100", "/pool/team-a", "/storage/local" or "/nodes/pve1"',
    ],
  },
  {
    name: "an ACL on a pool of four levels",
    change: { 'path = "/"': 'path = "/pool/a/b/c/d"' },
    says: [
      '23:18: path in acl of [[realm.group]] is not a path that PVE knows; write one such as "/", "/vms/100", "/pool/team-a", "/storage/local" or "/nodes/pve1"',
    ],
  },
  {
    name: "an ACL entry without a role",
    change: { ', role = "Administrator"': "" },
    says: ['23:9: acl of [[realm.group]] lacks role; write role = "PVEVMUser"'],
  },
  {
    name: "an ACL entry with a key too many",
    change: { 'role = "Administrator"': 'role = "Administrator", user = "root@pam"' },
    says: [
      "23:47: user in acl of [[realm.group]] is not a key; remove it, or write one of path, role, propagate",
    ],
  },
  {
    name: "an ACL entry that is text",
    change: { 'acl = [ { path = "/", role = "Administrator" } ]': 'acl = ["/"]' },
    says: [
      '23:8: acl in [[realm.group]] is text in quotes, not a list of entries such as { path = "/", role = "PVEAuditor" }; write acl = [ { path = "/", role = "PVEAuditor" } ]',
    ],
  },
  {
    name: "an ACL that is text",
    change: { 'acl = [ { path = "/", role = "Administrator" } ]': 'acl = "/"' },
    says: [
      '23:7: acl in [[realm.group]] is text in quotes, not a list of entries such as { path = "/", role = "PVEAuditor" }; write acl = [ { path = "/", role = "PVEAuditor" } ]',
    ],
  },
  {
    name: "a role with a space",
    change: { '"Administrator"': '"PVE Admin"' },
    says: [
      "23:30: role in acl of [[realm.group]] is not a role name of PVE (letters, digits, '.', '_' and '-'); write role = \"PVEVMUser\"",
    ],
  },
  {
    name: "an ACL entry twice",
    change: {
      'acl = [ { path = "/", role = "Administrator" } ]':
        'acl = [\n  { path = "/vms", role = "PVEVMUser" },\n  { path = "/vms", role = "PVEVMUser", propagate = true },\n]',
    },
    says: ["25:3: acl of [[realm.group]] has this role on this path twice; keep one of the two"],
  },
  {
    name: "an ACL entry with and without propagate",
    change: {
      'acl = [ { path = "/", role = "Administrator" } ]':
        'acl = [\n  { path = "/vms", role = "PVEVMUser" },\n  { path = "/vms", role = "PVEVMUser", propagate = false },\n]',
    },
    says: [
      "25:3: acl of [[realm.group]] has this role on this path with and without propagate; keep one of the two",
    ],
  },
  {
    name: "NoAccess beside a role",
    change: {
      'acl = [ { path = "/", role = "Administrator" } ]':
        'acl = [\n  { path = "/vms", role = "PVEVMUser" },\n  { path = "/vms", role = "NoAccess" },\n]',
    },
    says: [
      "25:3: acl of [[realm.group]] has NoAccess on a path beside another role, which it makes void; keep NoAccess, or the other role",
    ],
  },
  {
    name: "acl_extra without acl",
    change: { 'acl = [ { path = "/", role = "Administrator" } ]': 'acl_extra = "keep"' },
    says: [
      "23:13: acl_extra in [[realm.group]] is without acl, where every entry stays anyway; write acl too, or remove acl_extra",
    ],
  },
  {
    name: "no member at all",
    change: { 'acl = [ { path = "/", role = "Administrator" } ]': "max_members = 0" },
    says: [
      "23:15: max_members in [[realm.group]] is not a whole number from 1 to 100000 without quotes; write max_members = 20",
    ],
  },
  {
    name: "guests in a mapping whose realm skips them",
    change: { 'acl = [ { path = "/", role = "Administrator" } ]': 'guests = "allow"' },
    says: [
      '23:10: guests in [[realm.group]] allows whom the realm skips; write guests = "allow" in [[realm]] too, or remove it here',
    ],
  },
  {
    name: "just-in-time for a group that is not",
    change: {
      END: '[[realm.group]]\nentra = "00000000-0000-4000-8000-000000000004"\nname = "pve-users"\njust_in_time = true\n',
    },
    says: [
      "27:16: just_in_time in [[realm.group]] is true for an Entra group that another mapping has without it; write the same just_in_time in both, or map another Entra group",
    ],
  },
  {
    name: "everything at once, in the order of the file",
    change: {
      "https://": "http://",
      '"pve-token"': '"nothing"',
      '"180d"': "180",
      "rotate = true": "rotate = 1\nrotation = 2",
      '"pve-admins"': '"0"',
    },
    says: [
      '2:7: url in [pve] is not an https address of host and port alone; write url = "https://127.0.0.1:8006"',
      "5:14: token_file in [pve] names a file that is not there in FOLDER; create it, or write the name of the file that holds it, never its content",
      '11:12: lifetime in [rotation] is an integer, not a duration from "1d" to "730d"; write lifetime = "180d"',
      "19:10: rotate in [[realm]] is an integer, not true or false without quotes; write rotate = true",
      "20:1: rotation in [[realm]] is not a key; remove it, or write one of name, client_id, rotate, names, guests, email_claim, on_leave, delete_after, unmarked, group",
      "23:8: name in [[realm.group]] is not a group name of PVE (letters, digits, '.', '_' and '-'; not 0); write name = \"pve-admins\"",
    ],
  },
];
