// What firewalls let in before and after a plan, droplet by droplet, as they attach by tag and by id.
import { type Opening, readPorts, readSource } from "./ports.ts";
import type { ShownResource } from "./show.ts";

/** What one droplet, or one firewall on no droplet of the plan, lets in. */
export interface Exposure {
  readonly address: string;
  readonly type: string;
  /** undefined: nothing filters. */
  readonly before: readonly Opening[] | undefined;
  readonly after: readonly Opening[] | undefined;
  /** It is made by this plan. */
  readonly isNew: boolean;
  /** Rules or attachments are known after apply alone. */
  readonly open: boolean;
}

interface Side {
  readonly tags: readonly string[];
  readonly ids: readonly string[];
  readonly openings: readonly Opening[];
}

interface Firewall {
  readonly resource: ShownResource;
  readonly before: Side | undefined;
  readonly after: Side | undefined;
}

/** Of every droplet that stays or comes, and of every firewall that is on none of them. */
export function exposuresOf(resources: readonly ShownResource[]): readonly Exposure[] {
  const managed = resources.filter(({ mode, deposed }) => mode === "managed" && deposed === undefined);
  const firewalls = managed.filter(({ type }) => type === "digitalocean_firewall").map(readFirewall);
  const attached = new Set<Firewall>();
  const droplets = managed
    .filter(({ type, change }) => type === "digitalocean_droplet" && isThere(change.after))
    .map((resource): Exposure => {
      const { before, after } = resource.change;
      const on = (side: "before" | "after", value: unknown): readonly Opening[] | undefined => {
        if (!isThere(value)) return undefined;
        const here = firewalls.filter((firewall) => isOn(firewall[side], value));
        for (const firewall of here) attached.add(firewall);
        return here.length === 0 ? undefined : withoutTwins(here.flatMap((firewall) => firewall[side]?.openings ?? []));
      };
      return {
        address: resource.address,
        type: resource.type,
        before: on("before", before),
        after: on("after", after),
        isNew: !isThere(before),
        open: isOpen(resource, "tags"),
      };
    });
  const alone = firewalls
    .filter((firewall) => !attached.has(firewall) && firewall.after !== undefined)
    .map(
      ({ resource, before, after }): Exposure => ({
        address: resource.address,
        type: resource.type,
        before: before?.openings,
        after: after?.openings,
        isNew: before === undefined,
        open: isOpen(resource, "inbound_rule"),
      }),
    );
  return [...droplets, ...alone];
}

/** Firewalls of one droplet often let in the same. */
function withoutTwins(openings: readonly Opening[]): readonly Opening[] {
  const byText = openings.map((one) => [`${one.protocol} ${one.from} ${one.to} ${one.source.text}`, one] as const);
  return [...new Map(byText).values()];
}

function readFirewall(resource: ShownResource): Firewall {
  const { before, after } = resource.change;
  return { resource, before: readSide(before), after: readSide(after) };
}

function readSide(value: unknown): Side | undefined {
  if (!isThere(value)) return undefined;
  return {
    tags: texts(value["tags"]),
    ids: texts(value["droplet_ids"]),
    openings: list(value["inbound_rule"]).filter(isThere).flatMap(openingsOf),
  };
}

function openingsOf(rule: Readonly<Record<string, unknown>>): readonly Opening[] {
  const protocol = String(rule["protocol"] ?? "");
  const [from, to] = readPorts(protocol, rule["port_range"]);
  const others = ["tags", "droplet_ids", "load_balancer_uids", "kubernetes_ids"].flatMap((kind) =>
    texts(rule[`source_${kind}`]).map((text) => ({ kind: "other", text: `${kind} ${text}` }) as const),
  );
  const sources = [...texts(rule["source_addresses"]).map(readSource), ...others];
  return sources.map((source) => ({ protocol, from, to, source }));
}

function isOn(side: Side | undefined, droplet: Readonly<Record<string, unknown>>): boolean {
  if (side === undefined) return false;
  const tags = new Set(texts(droplet["tags"]));
  return side.tags.some((tag) => tags.has(tag)) || side.ids.includes(String(droplet["id"] ?? ""));
}

function isOpen({ change }: ShownResource, name: string): boolean {
  const unknown = change.after_unknown;
  if (!isThere(unknown)) return false;
  const holds = (value: unknown): boolean =>
    value === true || (typeof value === "object" && value !== null && Object.values(value).some(holds));
  return holds(unknown[name]);
}

function isThere(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): readonly string[] {
  return list(value).flatMap((text) => (typeof text === "string" || typeof text === "number" ? [String(text)] : []));
}
