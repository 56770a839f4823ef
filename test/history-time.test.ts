/** What `history --since` and `--until` take for a time. */
import t from "tap";
import { timeOf } from "../src/commands/history.js";

const NOW = Date.parse("2026-11-27T12:00:00Z");

const TIMES: Readonly<Record<string, string | undefined>> = {
  "2026-11-27": "2026-11-27T00:00:00.000Z",
  "2026-11-27T10:28": "2026-11-27T10:28:00.000Z",
  "2026-11-27T10:28Z": "2026-11-27T10:28:00.000Z",
  "2026-11-27T10:28:26.5z": "2026-11-27T10:28:26.500Z",
  "2026-11-27T10:28+01:00": "2026-11-27T09:28:00.000Z",
  // As status, history and mails have it.
  "2026-11-27 10:28:26 UTC": "2026-11-27T10:28:26.000Z",
  "2026-11-27 10:28": "2026-11-27T10:28:00.000Z",
  "90m": "2026-11-27T10:30:00.000Z",
  "7d": "2026-11-20T12:00:00.000Z",
  "2026-02-31": undefined,
  "2026-13-01": undefined,
  "2026-11-27T25:00": undefined,
  "2026-11-27 (a comment)": undefined,
  "2026-11-27 10:28 EST": undefined,
  "1d ago": undefined,
  "": undefined,
};

t.test("without a zone it is UTC, wherever the node is", async (t) => {
  const zone = process.env["TZ"];
  process.env["TZ"] = "America/New_York";
  t.teardown(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });
  t.not(new Date(NOW).getHours(), new Date(NOW).getUTCHours(), "the zone is in force");
  for (const [text, wanted] of Object.entries(TIMES)) {
    if (wanted === undefined) t.throws(() => timeOf("since", text, NOW), { code: "USAGE" }, text);
    else t.equal(new Date(timeOf("since", text, NOW)).toISOString(), wanted, text);
  }
});
