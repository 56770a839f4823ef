/** `npm run bench`: what passes and the daemon cost, beside the least that they could. */
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { measureDaemon } from "./daemon.js";
import { measurePasses, warmUp } from "./passes.js";
import type { PassFigures } from "./passes.js";
import { asText } from "./report.js";

const USAGE = `npm run bench -- [--people 100,1000,3000] [--costs] [--json]
  --people  sizes to measure, each in 50 groups
  --costs   the emulated PVE takes the time that the real one was measured to take
  --json    figures as JSON
`;
const MOST_PEOPLE = 4_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      people: { type: "string", default: "100,1000,3000" },
      costs: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const sizes = values.people.split(",").map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size > 0 && size <= MOST_PEOPLE)) {
    throw new RangeError(`--people takes numbers from 1 to ${MOST_PEOPLE}\n${USAGE}`);
  }
  await warmUp();
  const passes: PassFigures[] = [];
  for (const people of sizes) {
    process.stderr.write(`passes at ${people} people …\n`);
    passes.push(...(await measurePasses({ people, costs: values.costs })));
  }
  process.stderr.write("the daemon …\n");
  const figures = {
    node: process.version,
    costs: values.costs,
    machine: { processors: cpus().length, load: loadavg()[0] ?? 0 },
    passes,
    daemon: await measureDaemon(),
  };
  process.stdout.write(values.json ? `${JSON.stringify(figures, null, 2)}\n` : asText(figures));
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
await main();
