// What of a stack's resources is at the service already, for one droplet: the droplet, what hangs on it, and what it stands in.
import { z } from "zod";
import { resourceId } from "../../../constructs/terraform/members.ts";
import type { Account } from "./account.ts";

/** A resource of the stack and the id that Terraform imports it by. */
export interface Adoptable {
  readonly address: string;
  readonly id: string;
}

/** Terraform's JSON as far as resources are found by what it says of them. */
const configurationSchema = z.object({
  resource: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))).default({}),
});
const named = z.object({ id: z.union([z.string(), z.number()]).transform(String), name: z.string() });
const tagEntry = z.object({ name: z.string() }).transform(({ name }) => ({ id: name, name }));
const reservedEntry = z.object({ ip: z.ipv4(), droplet: z.object({ id: z.int() }).nullish() });
const recordEntry = z.object({ id: z.int(), type: z.string(), name: z.string() });

/** Kinds that are found by their name, which is the mesh's own: where their list is, its root, and the address in the state. */
const byName = [
  { type: "digitalocean_tag", at: "tags", root: "tags", entry: tagEntry, index: "" },
  { type: "digitalocean_vpc", at: "vpcs", root: "vpcs", entry: named, index: "" },
  { type: "digitalocean_ssh_key", at: "account/keys", root: "ssh_keys", entry: named, index: "[0]" },
  { type: "digitalocean_firewall", at: "firewalls", root: "firewalls", entry: named, index: "" },
  { type: "digitalocean_volume", at: "volumes", root: "volumes", entry: named, index: "" },
] as const;

/**
 * Everything of the stack's that is at the service and belongs to `node` or to all, the droplet last, as all else is what it
 * stands on. What the state holds already is the caller's to leave out.
 * @param terraform what the stack gives to Terraform
 * @param droplet the droplet's id
 */
export async function findAdoptable(
  terraform: Readonly<Record<string, unknown>>,
  node: string,
  droplet: number,
  account: Account,
): Promise<readonly Adoptable[]> {
  const { resource } = configurationSchema.parse(terraform);
  const id = resourceId(node);
  const found: Adoptable[] = [];
  for (const { type, at, root, entry, index } of byName) {
    const wanted = Object.entries(resource[type] ?? {}).filter(([key]) => type !== "digitalocean_volume" || key === id);
    if (wanted.length === 0) continue;
    const there = await account.list(at, root, entry as z.ZodType<{ id: string; name: string }>);
    for (const [key, { name }] of wanted) {
      const one = there.find((candidate) => candidate.name === name);
      if (one !== undefined) found.push({ address: `${type}.${key}${index}`, id: one.id });
    }
  }
  const reserved = await reservedAddress(resource, id, droplet, account);
  const address = `digitalocean_droplet.${id}`;
  return [...found, ...reserved, ...(await dnsRecord(resource, id, account)), { address, id: String(droplet) }];
}

type Resources = z.infer<typeof configurationSchema>["resource"];

async function reservedAddress(
  resource: Resources,
  id: string,
  droplet: number,
  account: Account,
): Promise<Adoptable[]> {
  if (resource["digitalocean_reserved_ip"]?.[id] === undefined) return [];
  const all = await account.list("reserved_ips", "reserved_ips", reservedEntry);
  const one = all.find((candidate) => candidate.droplet?.id === droplet);
  if (one === undefined) return [];
  return [
    { address: `digitalocean_reserved_ip.${id}`, id: one.ip },
    { address: `digitalocean_reserved_ip_assignment.${id}`, id: `${one.ip},${droplet}` },
  ];
}

async function dnsRecord(resource: Resources, id: string, account: Account): Promise<Adoptable[]> {
  const record = resource["digitalocean_record"]?.[id];
  if (record === undefined) return [];
  const domain = String(record["domain"]);
  const all = await account.list(`domains/${encodeURIComponent(domain)}/records?type=A`, "domain_records", recordEntry);
  const one = all.find(({ type, name }) => type === "A" && name === record["name"]);
  return one === undefined ? [] : [{ address: `digitalocean_record.${id}`, id: `${domain},${one.id}` }];
}
