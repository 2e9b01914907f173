// Turns a Droplet into its model: checks what the service would refuse, and runs its transform.
import { parse as parseDomain } from "tldts";
import type { HostModel } from "../model.ts";
import { parseRange } from "./range.ts";
import type { Refuse } from "./refuse.ts";
import { dropletPropsSchema, parseProps } from "./schema.ts";

const defaultImage = "debian-13-x64";
/** Attributes that the mesh depends on; each with what to use instead. */
const untouchable: Readonly<Record<string, string>> = {
  name: "the name of the node",
  region: "the property region",
  image: "the property image",
  size: "the property size",
  user_data: "the property setup, which runs over SSH: a droplet's first script proves its host key, and nothing else",
  ssh_keys: "admins of the mesh: whoever is one gets in",
  vpc_uuid: "the property vpc",
};

type DropletModel = Extract<HostModel, { kind: "droplet" }>;

/** @throws TunnelMeshError TM_STACK_VALUE, TM_STACK_CIDR */
export function synthesizeDroplet(
  written: object,
  name: string,
  where: Parameters<Refuse>[1],
  refuse: Refuse,
): DropletModel {
  const props = parseProps(dropletPropsSchema, written);
  if (!props.ok) throw refuse("TM_STACK_VALUE", where, props.why);
  const { region, size, image = defaultImage, vpc, project, dns, volume, setup, transform } = props.value;
  const ssh = props.value.ssh.map((cidr) => {
    const range = parseRange(cidr);
    if (typeof range === "string") throw refuse("TM_STACK_CIDR", where, `ssh ${cidr}: ${range}`);
    return range.text;
  });
  if (dns !== undefined && parseDomain(dns).domain === null) {
    throw refuse("TM_STACK_VALUE", where, `dns: ${dns} lies in no domain that can be registered`);
  }
  return {
    kind: "droplet",
    region,
    size,
    image,
    ssh: [...new Set(ssh)].toSorted(),
    reservedIp: props.value.reservedIp ?? false,
    ...(vpc === undefined ? {} : { vpc }),
    ...(project === undefined ? {} : { project }),
    ...(dns === undefined ? {} : { dns }),
    ...(volume === undefined ? {} : { volume: { ...volume, keep: volume.keep ?? false } }),
    ...(setup === undefined ? {} : { setup }),
    attributes: transform === undefined ? {} : runTransform(transform, { name, region, size, image }, where, refuse),
  };
}

/** What `transform` made of the attributes: those it set, changed or took away. */
function runTransform(
  transform: unknown,
  given: Readonly<Record<string, unknown>>,
  where: Parameters<Refuse>[1],
  refuse: Refuse,
): Readonly<Record<string, unknown>> {
  if (typeof transform !== "function") throw refuse("TM_STACK_VALUE", where, "transform: takes a function");
  const before: Readonly<Record<string, unknown>> = { ...given, ipv6: true, monitoring: true };
  const attributes = { ...before };
  transform(attributes);
  const names = [...new Set([...Object.keys(before), ...Object.keys(attributes)])].toSorted();
  const changed = names.filter((name) => attributes[name] !== before[name]);
  for (const name of changed) {
    const instead = untouchable[name];
    if (instead !== undefined)
      throw refuse("TM_STACK_VALUE", where, `transform may not change ${name}; use ${instead}`);
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      throw refuse("TM_STACK_VALUE", where, `transform set ${JSON.stringify(name)}, which is no attribute's name`);
    }
  }
  const values = changed.map((name) => [name, attributes[name] ?? null] as const);
  const plain: unknown = JSON.parse(JSON.stringify(Object.fromEntries(values)));
  return plain as Record<string, unknown>;
}
