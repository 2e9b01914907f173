// The mesh model: the plain, stable value that a stack file describes; Terraform, install and policy are views of it.

/** What `tm synth` prints. Members are sorted by name, everything is JSON. */
export interface MeshModel {
  readonly schema: "tm.mesh/v1";
  readonly stack: string;
  readonly stage: string;
  /** STACK-STAGE: the genesis' name and MESH in paths on hosts. */
  readonly name: string;
  /** Admin SSH public keys, "TYPE BASE64 COMMENT" as given or read from the repository's files. */
  readonly admins: readonly string[];
  readonly range: string;
  readonly domain: string;
  readonly protect: boolean;
  /** Where Terraform keeps its state, when there is anything for Terraform to do. */
  readonly state: StateModel;
  readonly members: readonly MemberModel[];
  readonly policy: PolicyModel;
  /** What is known after apply stands as "${MEMBER.url}". */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface MemberModel {
  readonly name: string;
  readonly role: "coordinator" | "node";
  readonly host: HostModel;
  readonly groups: readonly string[];
  readonly dnsNames: readonly string[];
  readonly routes: readonly string[];
  /** The name this member had before; renames in place. */
  readonly formerly?: string;
  /** Coordinators behind a proxy or NAT: "wss://hub.example.org". */
  readonly url?: string;
}

export type HostModel =
  | { readonly kind: "local"; readonly nat: "none" | "port-restricted"; readonly internet: boolean }
  | { readonly kind: "ssh"; readonly target: string; readonly port?: number; readonly hostKey?: string }
  | {
      readonly kind: "droplet";
      readonly region: string;
      readonly size: string;
      readonly image: string;
      readonly ssh: readonly string[];
      readonly vpc?: string;
      readonly project?: string;
      readonly reservedIp: boolean;
      readonly dns?: string;
      readonly volume?: { readonly gib: number; readonly mount: string; readonly keep: boolean };
      readonly setup?: string;
      /** Attributes of the Terraform resource that `transform` set or changed; null where it took one away. */
      readonly attributes: Readonly<Record<string, unknown>>;
    };

export type StateModel =
  | { readonly kind: "local" }
  | { readonly kind: "s3"; readonly bucket: string; readonly region: string; readonly endpoint?: string }
  /** `env`: the environment variable that holds the connection string. */
  | { readonly kind: "postgres"; readonly env: string }
  | { readonly kind: "hcp"; readonly organization: string; readonly workspace: string };

export type SelectorModel =
  | { readonly kind: "node"; readonly name: string }
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "cidr"; readonly cidr: string };

export interface ServiceModel {
  readonly protocol: "tcp" | "udp" | "icmp";
  /** Inclusive ranges; empty = all. */
  readonly ports: readonly { readonly from: number; readonly to: number }[];
}

export interface PolicyModel {
  readonly allow: readonly {
    readonly from: SelectorModel;
    readonly to: SelectorModel;
    readonly services: readonly ServiceModel[];
  }[];
  readonly expect: readonly {
    readonly from: string;
    readonly to: string;
    readonly service: ServiceModel;
    readonly reach: boolean;
  }[];
}
