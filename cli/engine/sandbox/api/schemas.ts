// Shapes that more than one answer of the API has; an answer has these fields and no others.
import { z } from "zod";

/** An answer without a body: 204. */
export const nothing = z.undefined();

export const regionSchema = z.strictObject({
  slug: z.string(),
  name: z.string(),
  available: z.boolean(),
  features: z.array(z.string()),
  sizes: z.array(z.string()),
});

export const sizeSchema = z.strictObject({
  slug: z.string(),
  memory: z.int(),
  vcpus: z.int(),
  disk: z.int(),
  transfer: z.number(),
  price_monthly: z.number(),
  price_hourly: z.number(),
  regions: z.array(z.string()),
  available: z.boolean(),
  description: z.string(),
});

export const imageSchema = z.strictObject({
  id: z.int().min(1),
  slug: z.string().nullable(),
  name: z.string(),
  distribution: z.string(),
  type: z.enum(["base", "snapshot", "backup", "custom"]),
  public: z.boolean(),
  status: z.enum(["NEW", "available", "pending", "deleted"]),
  regions: z.array(z.string()),
  min_disk_size: z.int(),
  size_gigabytes: z.number(),
  created_at: z.iso.datetime(),
});

export const actionSchema = z.strictObject({
  id: z.int().min(1),
  status: z.enum(["in-progress", "completed", "errored"]),
  type: z.string(),
  started_at: z.iso.datetime(),
  completed_at: z.iso.datetime().nullable(),
  resource_id: z.int(),
  resource_type: z.enum(["droplet", "volume", "reserved_ip"]),
  region: regionSchema,
  region_slug: z.string(),
});
export const actionAnswer = z.strictObject({ action: actionSchema });

const link = z.url().optional();
const pagesSchema = z.strictObject({ first: link, prev: link, next: link, last: link });

/** One page of a list. */
export function pageSchema(root: string, one: z.ZodType): z.ZodType {
  return z.strictObject({
    [root]: z.array(one),
    links: z.strictObject({ pages: pagesSchema.optional() }),
    meta: z.strictObject({ total: z.int() }),
  });
}
