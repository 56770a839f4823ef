/** docs/logging.md and the program name the same events, under the same ids. */
import { readFileSync } from "node:fs";
import t from "tap";
import { entryOf } from "../src/systemd/journal-entry.js";
import { EVENTS, isEventName } from "../src/systemd/message-ids.js";

const page = readFileSync(new URL("../docs/logging.md", import.meta.url), "utf8");

t.test("the table is that of the program", async (t) => {
  const rows = page
    .split("\n")
    .map((line) => /^\| `([A-Z_]+)` *\| `([0-9a-f]{32})` *\| (.*?) *\|$/.exec(line))
    .filter((row) => row !== null)
    .map(([, name, id, says]) => [name, id, says]);
  const known = Object.entries(EVENTS).map(([name, { id, says }]) => [name, id, says]);
  t.strictSame(rows, known);
});

t.test("ids in the examples are those of their events", async (t) => {
  const used = [...page.matchAll(/journalctl MESSAGE_ID=(\S+)/g)].map(([, id]) => id);
  t.ok(used.length > 0);
  const ids: readonly string[] = Object.values(EVENTS).map(({ id }) => id);
  for (const id of used) t.ok(ids.includes(id ?? ""), id ?? "");
});

t.test("the fields that the page names are those of an entry", async (t) => {
  const line = {
    level: "info",
    message: "m",
    event: "RIGHTS_GIVEN",
    realm: "r",
    code: "c",
    reason: "w",
    next: "n",
    userid: "u",
    group: "g",
    person: "p",
    keyId: "k",
  };
  const [, table = ""] = page.split("## Fields");
  const rows = table.split("\n## ")[0]?.split("\n") ?? [];
  const named = rows.flatMap((row) => row.match(/`[A-Z_]{5,}`/g) ?? []);
  t.strictSame(named.map((name) => name.slice(1, -1)).sort(), [...entryOf(line).keys()].sort());
});

t.test("only the table's names are events", async (t) => {
  t.equal(isEventName("STARTED"), true);
  for (const name of ["started", "toString", "", undefined, 3]) t.equal(isEventName(name), false);
});
