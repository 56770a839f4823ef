/** The layer laws are lint rules; here each is broken on purpose, and kept beside that. */
import { ESLint } from "eslint";
import t from "tap";
import tseslint from "typescript-eslint";

// The snippets stand in no file, so rules that need types cannot look at them; the laws need none.
const eslint = new ESLint({
  overrideConfig: tseslint.configs.disableTypeChecked,
});

/** The messages about laws that a file of this name and content gets. */
async function broken(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath });
  const fatal = result?.messages.find((message) => message.fatal);
  if (fatal !== undefined) throw new Error(fatal.message);
  return (result?.messages ?? [])
    .filter(({ ruleId }) => ruleId?.includes("no-restricted") === true)
    .map(({ message }) => message);
}

const side = (from: string): string => `import "${from}";`;
const type = (from: string): string => `import type { X } from "${from}"; export type Y = X;`;

const REFUSED: Record<string, readonly string[]> = {
  "src/decide/new.ts": [
    side("node:fs"),
    side("../errors.js"),
    side("../pve/index.js"),
    side("undici"),
    "export const later = await import('./plan.js');",
    "export const now = Date.now();",
    "export const now = new Date();",
    "export const now = Date();",
    "export const dice = Math.random();",
    "export const home = process.env['HOME'];",
    "export const id = crypto.randomUUID();",
    "void fetch('https://example.com');",
    "setTimeout(() => undefined, 1);",
  ],
  "src/entra/new.ts": [
    side("../pve/index.js"),
    side("../pass/pass.js"),
    side("../journal/index.js"),
    side("../agent.js"),
    side("../../test/emulators/entra/index.js"),
    type("../pve/index.js"),
  ],
  "src/pve/new.ts": [
    side("../entra/index.js"),
    side("../commands/index.js"),
    side("../daemon/daemon.js"),
    side("../../test/emulators/pve/index.js"),
    type("../entra/graph.js"),
  ],
  "src/pass/new.ts": [side("../entra/index.js"), side("../pve/index.js"), side("../../test/a.js")],
  "src/commands/new.ts": [side("../entra/index.js"), side("../pve/engine.js")],
  "src/journal/new.ts": [side("../entra/index.js"), type("../pve/index.js")],
  "src/health/new.ts": [side("../pve/index.js")],
  "src/cluster/new.ts": [side("../pve/index.js")],
  "src/daemon/new.ts": [side("../entra/index.js"), side("../../test/support/site.js")],
  "src/new.ts": [side("./entra/index.js"), side("./pve/index.js"), side("../test/demo/main.js")],
  "src/agent.ts": [side("../test/emulators/pve/index.js")],
};

const ALLOWED: Record<string, readonly string[]> = {
  "src/decide/new.ts": [
    side("./plan.js"),
    type("../errors.js"),
    type("../config/types.js"),
    "export const then = (at: number): Date => new Date(at);",
    "export const least = Math.min(1, 2);",
  ],
  "src/entra/new.ts": [side("./graph.js"), side("../ports.js"), side("undici")],
  "src/pve/new.ts": [side("./engine.js"), side("../decide/userid.js"), side("proxmox-api")],
  "src/pass/new.ts": [
    side("../ports.js"),
    side("../decide/decide.js"),
    side("../journal/types.js"),
  ],
  "src/commands/new.ts": [side("../agent.js"), side("../daemon/orders.js")],
  "src/agent.ts": [side("./entra/index.js"), side("./pve/index.js"), side("./pass/pass.js")],
  "test/new.test.ts": [side("../src/decide/plan.js"), side("../src/entra/index.js")],
};

for (const [file, snippets] of Object.entries(REFUSED)) {
  t.test(`${file} may not hold`, async (t) => {
    for (const code of snippets) t.equal((await broken(file, code)).length, 1, code);
  });
}

for (const [file, snippets] of Object.entries(ALLOWED)) {
  t.test(`${file} may hold`, async (t) => {
    for (const code of snippets) t.strictSame(await broken(file, code), [], code);
  });
}
