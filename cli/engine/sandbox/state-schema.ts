// The form of cloud.json: what an older or newer release wrote, or anybody by hand, is found out when it is read.
import { z } from "zod";
import type {
  ActionRecord,
  CloudState,
  DomainRecord,
  DropletRecord,
  FaultRecord,
  FirewallRecord,
  KeyRecord,
  ProjectRecord,
  ReservedIpRecord,
  RuleRecord,
  VolumeRecord,
  VpcRecord,
} from "./state.ts";

const word = z.string().max(256);
const words = z.array(word);
const line = z.string().max(4_096);
const id = z.int().min(1);

const droplet: z.ZodType<DropletRecord> = z.strictObject({
  id,
  name: word,
  status: z.enum(["new", "active", "off", "archive"]),
  locked: z.boolean(),
  size: word,
  region: word,
  image: word,
  created_at: word,
  vpc_uuid: word,
  features: words,
  tags: words,
  volume_ids: words,
  ssh_keys: z.array(z.string().max(16_384)),
  user_data: z.string().max(65_536).nullable(),
  public_ip: word.nullable(),
  private_ip: word.nullable(),
  ipv6: word.nullable(),
});

const rule: z.ZodType<RuleRecord> = z.strictObject({
  protocol: z.enum(["tcp", "udp", "icmp"]),
  ports: word,
  peers: z.record(word, z.array(z.union([word, z.number()]))),
});

const firewall: z.ZodType<FirewallRecord> = z.strictObject({
  id: word,
  name: word,
  created_at: word,
  inbound: z.array(rule),
  outbound: z.array(rule),
  droplet_ids: z.array(id),
  tags: words,
});

const vpc: z.ZodType<VpcRecord> = z.strictObject({
  id: word,
  name: word,
  description: line,
  region: word,
  ip_range: word,
  created_at: word,
  default: z.boolean(),
});

const key: z.ZodType<KeyRecord> = z.strictObject({
  id,
  name: word,
  public_key: z.string().max(16_384),
  fingerprint: word,
});

const reservedIp: z.ZodType<ReservedIpRecord> = z.strictObject({ ip: word, region: word, droplet_id: id.nullable() });

const domain: z.ZodType<DomainRecord> = z.strictObject({
  id,
  type: word,
  name: word,
  data: line,
  ttl: z.int(),
  priority: z.int().nullable(),
  port: z.int().nullable(),
  weight: z.int().nullable(),
  flags: z.int().nullable(),
  tag: word.nullable(),
});

const project: z.ZodType<ProjectRecord> = z.strictObject({
  id: word,
  name: word,
  description: line,
  purpose: line,
  environment: word,
  is_default: z.boolean(),
  created_at: word,
  updated_at: word,
  urns: words,
});

const volume: z.ZodType<VolumeRecord> = z.strictObject({
  id: word,
  name: word,
  region: word,
  description: line,
  size_gigabytes: z.number(),
  filesystem_type: word,
  filesystem_label: word,
  created_at: word,
  droplet_ids: z.array(id),
  tags: words,
});

const action: z.ZodType<ActionRecord> = z.strictObject({
  id,
  status: z.enum(["in-progress", "completed", "errored"]),
  type: word,
  started_at: word,
  completed_at: word.nullable(),
  resource_id: z.int(),
  resource_type: z.enum(["droplet", "volume", "reserved_ip"]),
  region_slug: word,
});

const fault: z.ZodType<FaultRecord> = z.strictObject({
  kind: z.enum(["refuse", "fail", "throttle", "slow", "stuck", "errored"]),
  on: word,
  times: z.int().min(1),
  value: z.number(),
  message: line.optional(),
});

export const cloudStateSchema: z.ZodType<CloudState> = z.strictObject({
  nextId: id,
  droplets: z.record(word, droplet),
  firewalls: z.record(word, firewall),
  vpcs: z.record(word, vpc),
  keys: z.record(word, key),
  tags: words,
  reservedIps: z.record(word, reservedIp),
  domains: z.record(word, z.array(domain)),
  projects: z.record(word, project),
  volumes: z.record(word, volume),
  actions: z.record(word, action),
  faults: z.array(fault),
});
