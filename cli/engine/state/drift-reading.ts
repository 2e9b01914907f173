// Reads what changed outside tm from a refresh-only plan, without what the service counts and derives by itself.
import { z } from "zod";
import type { MeshModel } from "../../../constructs/model.ts";
import { dropletsOf, resourceId } from "../../../constructs/terraform/members.ts";
import { changedAttributes } from "./changed-attributes.ts";
import type { DriftedResource } from "./contract.ts";

const shownSchema = z.object({
  resource_drift: z
    .array(
      z.object({
        address: z.string().max(1024),
        mode: z.string(),
        type: z.string(),
        name: z.string(),
        change: z.object({
          actions: z.array(z.string()),
          before: z.unknown(),
          after: z.unknown(),
          before_sensitive: z.unknown(),
          after_sensitive: z.unknown(),
        }),
      }),
    )
    .default([]),
});

/** Attributes by type that follow from another resource or change by themselves: a deploy's own work would look like drift. */
const following: Readonly<Record<string, RegExp>> = {
  digitalocean_tag: /_count$/,
  digitalocean_firewall: /^(status|pending_changes|droplet_ids)(\.|$)/,
  digitalocean_reserved_ip: /^droplet_id$/,
  digitalocean_volume: /^droplet_ids(\.|$)/,
  digitalocean_droplet: /^(locked|volume_ids|disk|memory|vcpus|price_hourly|price_monthly)(\.|$)/,
};
/** Types whose resources are named after a member. */
const ofMember = /^digitalocean_(droplet|reserved_ip|reserved_ip_assignment|record|volume)$/;

/** @param shown what `terraform show -json` prints of the plan @throws ZodError when it is no plan */
export function readDrift(model: MeshModel, shown: unknown): readonly DriftedResource[] {
  const nodes = new Map(dropletsOf(model).map(({ name }) => [resourceId(name), name]));
  return shownSchema
    .parse(shown)
    .resource_drift.filter(({ mode }) => mode === "managed")
    .flatMap(({ address, type, name, change }): readonly DriftedResource[] => {
      const node = ofMember.test(type) ? nodes.get(name) : undefined;
      const base = { address, ...(node === undefined ? {} : { node }) };
      if (change.actions.includes("delete")) return [{ ...base, what: "deleted", attributes: [] }];
      const attributes = changedAttributes(change.before, change.after, [
        change.before_sensitive,
        change.after_sensitive,
      ]).filter((one) => !following[type]?.test(one.name));
      return attributes.length === 0 ? [] : [{ ...base, what: "changed", attributes }];
    })
    .toSorted((left, right) => left.address.localeCompare(right.address, "en"));
}
