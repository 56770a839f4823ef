import type { FastifyServerOptions } from "fastify";

/**
 * For a fastify server none of whose routes has a schema: without being told so, fastify loads ajv
 * and a compiler of serialisers at its start, which take 2 MB and some time.
 */
export const WITHOUT_SCHEMAS: NonNullable<FastifyServerOptions["schemaController"]> = {
  compilersFactory: { buildValidator: refuse, buildSerializer: refuse },
};

function refuse(): never {
  throw new Error("a route has a schema, and the server was made without any");
}
