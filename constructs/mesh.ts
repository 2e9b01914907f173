// The mesh of a stack file: nodes, groups, and who may reach what.
import type { Cidr, Host } from "./host.ts";
import { type Later, refer } from "./later.ts";
import { capturePlace, type Place } from "./place.ts";
import { attachRecord } from "./record.ts";
import type { Service } from "./service.ts";

/**
 * `admins`: "ssh-ed25519 AAAA… alice", or a file of this repository; never one of the home folder,
 * which is another person on every laptop and nobody in CI.
 */
export interface MeshProps {
  admins: readonly [string, ...string[]];
  /** Addresses inside the mesh. @default "100.64.0.0/10" */
  range?: Cidr;
  /** Domain of names inside the mesh. @default "mesh" */
  domain?: string;
}

export interface NodeProps {
  groups?: readonly Group[];
  /** Further names inside the mesh. */
  dnsNames?: readonly string[];
  /** Networks behind this node that it carries for others. */
  routes?: readonly Cidr[];
  /** The name it had before: renames in place. */
  formerly?: string;
  /** Coordinators behind a proxy or NAT: "wss://hub.example.org". */
  url?: string;
}

export interface MeshNode {
  readonly name: string;
  readonly host: Host;
}

export interface Coordinator extends MeshNode {
  /** Where agents reach it. */
  readonly url: Later<string>;
}

export interface Group {
  readonly group: string;
}

export type Peer = MeshNode | Group | Cidr;

/** What must hold in the policy; checked before anything is deployed. */
export interface Expectation {
  canReach(to: MeshNode, service: Service): this;
  cannotReach(to: MeshNode, service: Service): this;
}

/** A mesh: exactly one per stack. Its members' names are frozen: order and variables do not matter. */
export class Mesh {
  readonly #record: MeshRecord;

  constructor(props: MeshProps) {
    this.#record = { props, members: [], groups: [], allow: [], expect: [], terraform: [], place: capturePlace(Mesh) };
    attachRecord(this, "mesh", this.#record);
  }

  /** The node that knows all members and introduces them; it can admit nobody by itself. */
  coordinator(name: string, host: Host, props?: NodeProps): Coordinator {
    const node = this.#addMember("coordinator", name, host, props, capturePlace(this.coordinator));
    return Object.assign(node, { url: refer(node, "url") });
  }

  node(name: string, host: Host, props?: NodeProps): MeshNode {
    return this.#addMember("node", name, host, props, capturePlace(this.node));
  }

  /** A set of nodes by name; asking twice gives the same group. */
  group(name: string): Group {
    this.#record.groups.push({ name, place: capturePlace(this.group) });
    return attachRecord({ group: name }, "group", { mesh: this.#record, name } satisfies GroupRecord);
  }

  /** Lets `from` reach `services` of `to`. */
  allow(from: Peer, to: Peer, ...services: [Service, ...Service[]]): this {
    this.#record.allow.push({ from, to, services, place: capturePlace(this.allow) });
    return this;
  }

  /** States what the policy must say about `from`. */
  expect(from: MeshNode): Expectation {
    const note = (to: MeshNode, service: Service, reach: boolean, place: Place | undefined) =>
      this.#record.expect.push({ from, to, service, reach, place });
    const expectation: Expectation = {
      canReach(to, service) {
        note(to, service, true, capturePlace(expectation.canReach));
        return this;
      },
      cannotReach(to, service) {
        note(to, service, false, capturePlace(expectation.cannotReach));
        return this;
      },
    };
    return expectation;
  }

  #addMember(
    role: MemberRecord["role"],
    name: string,
    host: Host,
    props: NodeProps | undefined,
    place: Place | undefined,
  ): MeshNode {
    const node: MeshNode = { name, host };
    const record: MemberRecord = { mesh: this.#record, role, name, host, props: props ?? {}, node, place };
    this.#record.members.push(record);
    return attachRecord(node, "node", record);
  }
}

/** What a mesh has collected, as the stack wrote it; validated at synthesis. */
export interface MeshRecord {
  readonly props: unknown;
  readonly place: Place | undefined;
  readonly members: MemberRecord[];
  readonly groups: { readonly name: unknown; readonly place: Place | undefined }[];
  readonly allow: {
    readonly from: unknown;
    readonly to: unknown;
    readonly services: readonly unknown[];
    readonly place: Place | undefined;
  }[];
  readonly expect: {
    readonly from: unknown;
    readonly to: unknown;
    readonly service: unknown;
    readonly reach: boolean;
    readonly place: Place | undefined;
  }[];
  /** What `terraform(mesh, …)` of tunnelmesh/terraform was given, in order; each takes a TerraformStack. */
  readonly terraform: ((stack: unknown) => void)[];
}

export interface MemberRecord {
  readonly mesh: MeshRecord;
  readonly role: "coordinator" | "node";
  readonly name: string;
  readonly host: unknown;
  readonly props: unknown;
  readonly node: object;
  readonly place: Place | undefined;
}

export interface GroupRecord {
  readonly mesh: MeshRecord;
  readonly name: string;
}
