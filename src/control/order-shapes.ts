/**
 * What an order may say. Loaded with the first order only: zod takes 12 MB, and most daemons are
 * never given one.
 */
import { z } from "zod";
import { AgentError } from "../errors.js";

const SYNC = z.strictObject({
  approve: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "is no approval ID")
    .optional(),
  by: z.string().max(256).optional(),
});
const ROTATE = z.strictObject({
  // PVE's own rule for the names of realms.
  realm: z
    .string()
    .max(32)
    .regex(/^[A-Za-z][A-Za-z0-9._-]+$/, "is no name of a realm")
    .optional(),
});

/** Throws USAGE for a body that is no order to synchronise. */
export function parseSync(body: unknown): z.infer<typeof SYNC> {
  return parse(SYNC, body);
}

/** Throws USAGE for a body that is no order to rotate. */
export function parseRotate(body: unknown): z.infer<typeof ROTATE> {
  return parse(ROTATE, body);
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new AgentError("USAGE", `the order: ${where === "" ? "" : `${where} `}${issue?.message}`);
}
