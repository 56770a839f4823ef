/** What an order may say. */
import type { z as Zod } from "zod";
import { AgentError } from "../errors.js";

export interface SyncBody {
  readonly approve?: string | undefined;
  readonly by?: string | undefined;
}

export interface RotateBody {
  readonly realm?: string | undefined;
}

/** Throws USAGE for a body that is no order to synchronise. */
export async function parseSync(body: unknown): Promise<SyncBody> {
  const z = await loadZod();
  const approvalId = z.string().regex(/^[0-9a-f]{64}$/, "is no approval ID");
  const by = z.string().max(256);
  return parse(z.strictObject({ approve: approvalId.optional(), by: by.optional() }), body);
}

/** Throws USAGE for a body that is no order to rotate. */
export async function parseRotate(body: unknown): Promise<RotateBody> {
  const z = await loadZod();
  // PVE's own rule for the names of realms.
  const realm = z
    .string()
    .max(32)
    .regex(/^[A-Za-z][A-Za-z0-9._-]+$/, "is no name of a realm");
  return parse(z.strictObject({ realm: realm.optional() }), body);
}

/** With the first order only: zod takes 12 MB, and most daemons are never given one. */
async function loadZod(): Promise<typeof Zod> {
  return (await import("zod")).z;
}

function parse<T>(schema: Zod.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new AgentError("USAGE", `the order: ${where === "" ? "" : `${where} `}${issue?.message}`);
}
