// What the resources of a plan cost a month, before and after, by the price list; what has no known price is named, never guessed.
import type { Plan } from "./plan.ts";
import { backupShare, dropletPrices, loadBalancerPrice, pricesAsOf, pricesSource, volumePrice } from "./prices.ts";
import type { ShownResource } from "./show.ts";

/** Types that cost nothing by themselves; a reserved address costs nothing while it is assigned, and here it always is. */
const free = new Set(
  [
    ["domain", "firewall", "monitor_alert", "project", "project_resources", "record", "reserved_ip"],
    ["reserved_ip_assignment", "ssh_key", "tag", "volume_attachment", "vpc", "database_db", "database_firewall"],
    ["database_user", "certificate"],
  ]
    .flat()
    .map((type) => `digitalocean_${type}`),
);

type Fields = Readonly<Record<string, unknown>>;
type Price = { readonly monthly: number } | { readonly unknown: string };

/** Over every managed resource, also those that stay as they are. */
export function costOf(resources: readonly ShownResource[]): NonNullable<Plan["cost"]> {
  const unknown = new Map<string, string>();
  const sum = (side: "before" | "after"): number =>
    resources
      .filter(({ mode }) => mode === "managed")
      .reduce((total, { address, type, change }) => {
        const fields = change[side];
        if (typeof fields !== "object" || fields === null) return total;
        const price = priceOf(type, fields as Fields);
        if ("monthly" in price) return total + price.monthly;
        unknown.set(address, price.unknown);
        return total;
      }, 0);
  return {
    currency: "USD",
    monthlyBefore: round(sum("before")),
    monthlyAfter: round(sum("after")),
    source: pricesSource,
    asOf: pricesAsOf,
    unknown: [...unknown].map(([address, what]) => ({ address, what })),
  };
}

function priceOf(type: string, fields: Fields): Price {
  if (free.has(type)) return { monthly: 0 };
  switch (type) {
    case "digitalocean_droplet":
      return priceOfDroplet(fields);
    case "digitalocean_volume":
      return typeof fields["size"] === "number" ? { monthly: fields["size"] * volumePrice } : { unknown: "size" };
    case "digitalocean_loadbalancer":
      return { monthly: loadBalancerPrice * (typeof fields["size_unit"] === "number" ? fields["size_unit"] : 1) };
    default:
      return { unknown: type };
  }
}

function priceOfDroplet({ size, backups, backup_policy: policies }: Fields): Price {
  const slug = typeof size === "string" ? size : "size";
  const price = Object.hasOwn(dropletPrices, slug) ? dropletPrices[slug] : undefined;
  if (price === undefined) return { unknown: slug };
  if (backups !== true) return { monthly: price };
  const [policy] = Array.isArray(policies) ? (policies as readonly { readonly plan?: unknown }[]) : [];
  const share = backupShare[typeof policy?.plan === "string" ? policy.plan : "weekly"];
  return share === undefined ? { unknown: `backups of ${slug}` } : { monthly: price * (1 + share) };
}

function round(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}
