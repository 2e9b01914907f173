// Schemas of what a stack passes to constructs: Node strips types without checking them, so a mistyped property is found here.
import { z } from "zod";

/** One label of a DNS name (RFC 1035 §2.3.1, RFC 1123 §2.1): lower-case letters, digits, inner hyphens, at most 63. */
export const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Labels with dots, at most 253 characters. */
export function isDnsName(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => dnsLabel.test(label));
}

const dnsName = z.string().refine(isDnsName, "is not a DNS name: lower-case letters, digits and hyphens between dots");
const cidr = z.string().max(64);

export const meshPropsSchema = z.strictObject({
  admins: z.array(z.string().min(1).max(16_384)).min(1, "needs at least one SSH public key").max(64),
  range: cidr.optional(),
  domain: dnsName.optional(),
});

export const nodePropsSchema = z.strictObject({
  groups: z.array(z.unknown()).max(64).optional(),
  dnsNames: z.array(dnsName).max(64).optional(),
  routes: z.array(cidr).max(256).optional(),
  formerly: z.string().optional(),
  url: z
    .string()
    .max(512)
    .refine(
      (url) => /^wss?:\/\/[^\s/@?#]+(\/[^\s?#]*)?$/.test(url) && URL.canParse(url),
      'is like "wss://hub.example.org"',
    )
    .optional(),
});

export const localPropsSchema = z.strictObject({
  nat: z.enum(["none", "port-restricted"]).default("none"),
  internet: z.boolean().default(false),
});

export const sshPropsSchema = z.strictObject({
  target: z
    .string()
    .max(320)
    .regex(
      /^[^\s@:/-][^\s@:/]*(@[^\s@/-][^\s@/]*)?$|^[^\s@/-][^\s@/]*$/,
      'is "user@host", a host, or an alias of ~/.ssh/config',
    ),
  port: z.unknown().optional(),
  hostKey: z.string().max(16_384).optional(),
});

/** Regions, sizes and images are lower-case words with hyphens; a custom image is a number. */
const slug = z
  .string()
  .max(128)
  .regex(/^[a-z0-9][a-z0-9.-]*$/, 'is not a slug like "fra1"');

export const dropletPropsSchema = z.strictObject({
  region: slug,
  size: slug,
  image: slug.optional(),
  /** A rule takes a thousand sources; nobody types that many. */
  ssh: z.array(cidr).max(256),
  vpc: z.string().min(1).max(255).optional(),
  project: z.string().min(1).max(175).optional(),
  reservedIp: z.boolean().optional(),
  dns: dnsName.optional(),
  volume: z
    .strictObject({
      gib: z.int().min(1).max(16_384),
      mount: z
        .string()
        .max(255)
        .regex(/^\/[A-Za-z0-9._/-]+$/, 'is like "/srv/data"'),
      keep: z.boolean().optional(),
    })
    .optional(),
  setup: z.string().max(65_536).optional(),
  transform: z.unknown().optional(),
});

export const resultSchema = z.strictObject({
  mesh: z.unknown().optional(),
  state: z.unknown().optional(),
  protect: z.boolean().default(false),
  outputs: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/), z.unknown()).default({}),
});

/** Parses `value`, or says in one sentence what is wrong with it. */
export function parseProps<S extends z.ZodType>(
  schema: S,
  value: unknown,
): { readonly ok: true; readonly value: z.output<S> } | { readonly ok: false; readonly why: string } {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const issue = result.error.issues[0];
  const at = issue?.path.join(".") ?? "";
  return { ok: false, why: `${at}${at === "" ? "" : ": "}${issue?.message ?? "is not valid"}` };
}
