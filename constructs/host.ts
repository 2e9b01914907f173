// Machines that a node runs on: one that DigitalOcean makes, one that exists, one that is made here.
import { type Later, refer } from "./later.ts";
import { attachRecord } from "./record.ts";

/** An address range: "203.0.113.0/24". */
export type Cidr = `${string}/${number}`;
/** A DigitalOcean region. */
export type Region = "ams3" | "fra1" | "lon1" | "nyc3" | "sfo3" | "sgp1" | (string & {});

export type Host = Droplet | SshHost | LocalHost;

export interface DropletProps {
  region: Region;
  /** "s-1vcpu-1gb" */
  size: string;
  /** @default the newest Debian */
  image?: string;
  /** Who may reach SSH. */
  ssh: readonly Cidr[];
  vpc?: string;
  project?: string;
  /** An address that stays when the droplet is replaced. @default false */
  reservedIp?: boolean;
  /** A DNS name to point at it. */
  dns?: string;
  volume?: { gib: number; mount: `/${string}`; keep?: boolean };
  /** Shell commands run once over SSH, before the mesh is installed. */
  setup?: string;
  /** Reaches every attribute of the droplet before it is written. */
  transform?: (attributes: Record<string, unknown>) => void;
}

/** A DigitalOcean machine that the stack owns. Deploying it is not there yet: synthesis says so. */
export class Droplet {
  readonly kind: "droplet";
  readonly publicIp: Later<string>;
  readonly privateIp: Later<string>;

  constructor(props: DropletProps) {
    this.kind = "droplet";
    this.publicIp = refer(this, "publicIp");
    this.privateIp = refer(this, "privateIp");
    attachRecord(this, "host", { kind: this.kind, props } satisfies HostRecord);
  }
}

/** A machine that exists and answers SSH: "user@host", or an alias of ~/.ssh/config. */
export class SshHost {
  readonly kind: "ssh";

  /** `hostKey`: "ssh-ed25519 AAAA…", then known_hosts is not asked. */
  constructor(target: string, props?: { port?: number; hostKey?: string }) {
    this.kind = "ssh";
    attachRecord(this, "host", { kind: this.kind, props: { ...props, target } } satisfies HostRecord);
  }
}

/** A machine made here, a container with its own system; its host name is the node's name. */
export class LocalHost {
  readonly kind: "local";

  /** `nat`: what stands between it and the others, default "none". `internet`: a way out to the real one, default false. */
  constructor(props?: { nat?: "none" | "port-restricted"; internet?: boolean }) {
    this.kind = "local";
    attachRecord(this, "host", { kind: this.kind, props: props ?? {} } satisfies HostRecord);
  }
}

/** What a host was made with, as the stack wrote it; validated at synthesis. */
export interface HostRecord {
  readonly kind: Host["kind"];
  readonly props: object;
}
