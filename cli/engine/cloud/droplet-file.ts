// .tm/droplets/STAGE.json: where droplets are and which host key each has proved; .tm/nonces/STAGE.json: what they prove it with.
import { chmod, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { EngineContext } from "../deploy/contract.ts";
import { readIfThere, replaceDurably } from "../trust/durable-file.ts";

/** Value of one member in the output tm_hosts. */
export const dropletAddressesSchema = z.object({
  id: z.coerce.string().max(64),
  public_ip: z.string().max(64),
  private_ip: z.string().max(64),
  ipv6: z.string().max(64),
  /** Name of its volume at the service. */
  volume: z.string().max(64).optional(),
});
export type DropletAddresses = z.infer<typeof dropletAddressesSchema>;

const keptDropletSchema = dropletAddressesSchema.extend({
  /** "ssh-ed25519 AAAA…", proved or taken at the first contact with the droplet of this id; until a grant names it. */
  hostKey: z.string().max(2048).optional(),
  /** The key of the member's grant when this was written: with another grant the addresses may be others too. */
  grantedKey: z.string().max(2048).optional(),
});
export type KeptDroplet = z.infer<typeof keptDropletSchema>;
export type KeptDroplets = Readonly<Record<string, KeptDroplet>>;

const dropletFileSchema = z.object({ v: z.literal(1), droplets: z.record(z.string(), keptDropletSchema) });
const nonceFileSchema = z.object({ v: z.literal(1), nonces: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)) });
/** By member name, 64 hexadecimal digits each. */
export type Nonces = Readonly<Record<string, string>>;

type Place = Pick<EngineContext, "loaded" | "sandbox">;

/** What is kept of droplets, by member name; nothing where there is no file or it is damaged: Terraform says it again. */
export async function readDroplets(place: Place): Promise<KeptDroplets> {
  return (await read(fileOf(place, "droplets"), dropletFileSchema))?.droplets ?? {};
}

export async function writeDroplets(place: Place, droplets: KeptDroplets): Promise<void> {
  await write(fileOf(place, "droplets"), { v: 1, droplets });
}

/** Addresses as Terraform says them now, with the host keys of droplets that are still the same ones. */
export function mergeDroplets(
  kept: KeptDroplets,
  now: Readonly<Record<string, DropletAddresses>>,
): Readonly<Record<string, KeptDroplet>> {
  const entries = Object.entries(now).map(([name, addresses]) => {
    // By id and not by name: a droplet that was renamed is the same machine.
    const hostKey = Object.values(kept).find(({ id }) => id === addresses.id)?.hostKey;
    return [name, { ...addresses, ...(hostKey === undefined ? {} : { hostKey }) }] as const;
  });
  return Object.fromEntries(entries);
}

/** Nonces of droplets that have not proved their host key yet. */
export async function readNonces(place: Place): Promise<Nonces> {
  return (await read(fileOf(place, "nonces"), nonceFileSchema))?.nonces ?? {};
}

/** On the disk when it returns: a droplet whose nonce is lost proves nothing. */
export async function writeNonces(place: Place, nonces: Nonces): Promise<void> {
  await write(fileOf(place, "nonces"), { v: 1, nonces });
}

/** Takes both files away, when nothing is left of what they speak of. */
export async function forgetDroplets(place: Place): Promise<void> {
  for (const folder of ["droplets", "nonces"] as const) await rm(fileOf(place, folder), { force: true });
}

async function read<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function write(file: string, content: object): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await chmod(path.dirname(file), 0o700);
  await replaceDurably(file, `${JSON.stringify(content, undefined, 2)}\n`, 0o600);
}

function fileOf({ loaded, sandbox }: Place, folder: "droplets" | "nonces"): string {
  const name = sandbox === true ? `${loaded.stage}.sandbox.json` : `${loaded.stage}.json`;
  return path.join(loaded.projectFolder, ".tm", folder, name);
}
