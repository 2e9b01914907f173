// What the sandbox cloud holds: plain values, one document, replaced as a whole at every change.

export interface ActionRecord {
  readonly id: number;
  status: "in-progress" | "completed" | "errored";
  readonly type: string;
  /** RFC 3339. */
  readonly started_at: string;
  completed_at: string | null;
  readonly resource_id: number;
  readonly resource_type: "droplet" | "volume" | "reserved_ip";
  readonly region_slug: string;
}

export interface DropletRecord {
  readonly id: number;
  name: string;
  status: "new" | "active" | "off" | "archive";
  locked: boolean;
  size: string;
  readonly region: string;
  readonly image: string;
  readonly created_at: string;
  readonly vpc_uuid: string;
  features: string[];
  tags: string[];
  volume_ids: string[];
  /** Public halves of the SSH keys that it was made with. */
  readonly ssh_keys: readonly string[];
  readonly user_data: string | null;
  public_ip: string | null;
  private_ip: string | null;
  ipv6: string | null;
}

export interface RuleRecord {
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly ports: string;
  readonly peers: Readonly<Record<string, readonly (string | number)[]>>;
}

export interface FirewallRecord {
  readonly id: string;
  name: string;
  readonly created_at: string;
  inbound: readonly RuleRecord[];
  outbound: readonly RuleRecord[];
  droplet_ids: readonly number[];
  tags: readonly string[];
}

export interface VpcRecord {
  readonly id: string;
  name: string;
  description: string;
  readonly region: string;
  readonly ip_range: string;
  readonly created_at: string;
  default: boolean;
}

export interface KeyRecord {
  readonly id: number;
  name: string;
  readonly public_key: string;
  readonly fingerprint: string;
}

export interface ReservedIpRecord {
  readonly ip: string;
  readonly region: string;
  droplet_id: number | null;
}

export interface DomainRecord {
  readonly id: number;
  type: string;
  name: string;
  data: string;
  ttl: number;
  priority: number | null;
  port: number | null;
  weight: number | null;
  flags: number | null;
  tag: string | null;
}

export interface ProjectRecord {
  readonly id: string;
  name: string;
  description: string;
  purpose: string;
  environment: string;
  is_default: boolean;
  readonly created_at: string;
  updated_at: string;
  urns: string[];
}

export interface VolumeRecord {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly description: string;
  size_gigabytes: number;
  readonly filesystem_type: string;
  readonly filesystem_label: string;
  readonly created_at: string;
  droplet_ids: number[];
  tags: string[];
}

/** A fault that the next matching request or action meets. */
export interface FaultRecord {
  readonly kind: "refuse" | "fail" | "throttle" | "slow" | "stuck" | "errored";
  /**
   * Of a request: "POST /v2/droplets", when its method and the beginning of its path are these. Of what is stuck or errored: the
   * type of the action, "create" or "resize"; empty for any.
   */
  readonly on: string;
  times: number;
  /** Seconds of Retry-After (throttle), milliseconds of delay (slow), seconds of being locked (stuck). */
  readonly value: number;
  /** What a refusal says; else the service's words about a limit. */
  readonly message?: string | undefined;
}

export interface CloudState {
  nextId: number;
  droplets: Record<string, DropletRecord>;
  firewalls: Record<string, FirewallRecord>;
  vpcs: Record<string, VpcRecord>;
  keys: Record<string, KeyRecord>;
  /** Names of tags; what bears them says so itself. */
  tags: string[];
  reservedIps: Record<string, ReservedIpRecord>;
  domains: Record<string, DomainRecord[]>;
  projects: Record<string, ProjectRecord>;
  volumes: Record<string, VolumeRecord>;
  actions: Record<string, ActionRecord>;
  faults: FaultRecord[];
}

export function emptyCloud(defaultProject: ProjectRecord): CloudState {
  return {
    nextId: 1001,
    droplets: {},
    firewalls: {},
    vpcs: {},
    keys: {},
    tags: [],
    reservedIps: {},
    domains: {},
    projects: { [defaultProject.id]: defaultProject },
    volumes: {},
    actions: {},
    faults: [],
  };
}
