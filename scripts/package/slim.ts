/**
 * What the bundle leaves out of its dependencies, because the daemon would carry it all day and
 * never use it. Nothing here changes what the rest does; a test compares.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { OnLoadResult, Plugin } from "esbuild";

/**
 * proxmox-api brings an engine, with an undici of its own, in place of which ours stands
 * (docs/decisions/0011): half a megabyte, loaded at each start.
 */
const NO_ENGINE = `
export class ProxmoxEngine {
  constructor() { throw new Error("proxmox-api's own engine is not in the bundle"); }
}
export default ProxmoxEngine;
`;

/**
 * undici without fetch, WebSocket, caches and mocks: 5 MB. Whatever src/ imports besides is an
 * error of the build.
 */
const UNDICI = `
import Dispatcher from "./lib/dispatcher/dispatcher.js";
import api from "./lib/api/index.js";
export { default as Agent } from "./lib/dispatcher/agent.js";
export { default as Pool } from "./lib/dispatcher/pool.js";
export { default as ProxyAgent } from "./lib/dispatcher/proxy-agent.js";
export { default as buildConnector } from "./lib/core/connect.js";
Object.assign(Dispatcher.prototype, api);
`;

/** prom-client without Node's own metrics, clusters and a push gateway. */
const PROM_CLIENT = `
export { default as Counter } from "./lib/counter.js";
export { default as Gauge } from "./lib/gauge.js";
export { default as Registry } from "./lib/registry.js";
`;

/** pino's worker threads, by which a log may be written: ours goes to a function. */
const NO_TRANSPORT = `
module.exports = () => { throw new Error("pino's transports are not in the bundle"); };
`;

/** No route of ours has a schema (src/schemaless.ts), so that these are never asked for. */
const NO_SCHEMAS = `
module.exports = () => { throw new Error("compilers of schemas are not in the bundle"); };
`;

/** We have no plugin of fastify, whose wanted versions it would compare. */
const NO_VERSIONS = `
const refuse = () => { throw new Error("plugins of fastify are not in the bundle"); };
module.exports = { gt: refuse, coerce: refuse, satisfies: refuse };
`;

/** fastify's inject(), for tests. */
const NO_INJECTION = `
module.exports = () => { throw new Error("inject() is not in the bundle"); };
`;

/** zod speaks fifty languages. */
const ENGLISH = `export { default as en } from "./en.js";`;

/**
 * node-cron asks Intl what the time is in UTC, and Intl's first use loads ICU: 8 MB. In this file
 * it asks utc-intl.ts.
 */
function cronInUtc(file: string): OnLoadResult {
  const ours = JSON.stringify(fileURLToPath(new URL("utc-intl.ts", import.meta.url)));
  return { contents: `import { Intl } from ${ours};\n${readFileSync(file, "utf8")}` };
}

const REPLACED: Readonly<Record<string, (file: string) => OnLoadResult>> = {
  "proxmox-api/esm/ProxmoxEngine.js": () => ({ contents: NO_ENGINE }),
  "light-my-request/index.js": () => ({ contents: NO_INJECTION }),
  "prom-client/index.js": () => ({ contents: PROM_CLIENT }),
  "pino/lib/transport.js": () => ({ contents: NO_TRANSPORT }),
  "@fastify/ajv-compiler/index.js": () => ({ contents: NO_SCHEMAS }),
  "@fastify/fast-json-stringify-compiler/index.js": () => ({ contents: NO_SCHEMAS }),
  "zod/v4/locales/index.js": () => ({ contents: ENGLISH }),
  "undici/index.js": () => ({ contents: UNDICI }),
  "node-cron/dist/_shared.js": cronInUtc,
};

/** Modules that a dependency loads beforehand, and would need for what it is never asked. */
const UNASKED: readonly (readonly [name: RegExp, by: RegExp, instead: string])[] = [
  // Neither fastify nor undici is asked to speak it.
  [/^(node:)?http2$/, /./, "module.exports = { constants: {} };"],
  [/^node:https$/, /\/fastify\//, "module.exports = {};"],
  [/^semver$/, /\/fastify\//, NO_VERSIONS],
  // Whether this is a worker: no thread of ours writes a log.
  [/^worker_threads$/, /\/pino\//, "module.exports = { isMainThread: true };"],
  // Tasks in processes of their own.
  [/^(node:)?child_process$/, /\/node-cron\//, "export const fork = undefined;"],
];

export const slim: Plugin = {
  name: "slim",
  setup(build) {
    for (const [filter, importer, contents] of UNASKED) {
      const namespace = `none ${filter.source} ${importer.source}`;
      build.onResolve({ filter }, ({ path, importer: by }) =>
        importer.test(by) ? { path, namespace } : undefined,
      );
      build.onLoad({ filter: /./, namespace }, () => ({ contents }));
    }
    const met = new Set<string>();
    for (const [name, contents] of Object.entries(REPLACED)) {
      const filter = new RegExp(`/node_modules/${name.replaceAll(".", "\\.")}$`);
      build.onLoad({ filter }, ({ path }) => {
        met.add(name);
        return contents(path);
      });
    }
    // A dependency that has moved its files would silently be bundled whole again.
    build.onEnd(() => ({
      errors: Object.keys(REPLACED)
        .filter((name) => !met.has(name))
        .map((name) => ({ text: `node_modules/${name} is not there to be replaced` })),
    }));
  },
};
