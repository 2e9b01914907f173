// What a verified view of a mesh says about its members: the only source of addresses, names and keys for every room.
import type { Ipv4Address, Ipv6Address, MeshId, NodeId, X25519PublicKey } from "../brand.ts";
import type { HeldItems } from "./held-items.ts";
import type { TokenAdd } from "./token-entry.ts";

/** A member as admin and node have signed it. `keys` is absent until the node has signed its first. */
export interface Member {
  readonly nid: NodeId;
  /** One line "ssh-ed25519 AAAA…" without comment. */
  readonly sshPublicKey: string;
  /** Its nid where a conflict took the name (life.md §2): nothing else resolves to it. */
  readonly name: string;
  /** Absent where a conflict took it (life.md §2). */
  readonly ip4: Ipv4Address | undefined;
  readonly ip6: Ipv6Address;
  readonly groups: readonly string[];
  /** CIDRs that this member carries for others. */
  readonly routes: readonly string[];
  /** Unix seconds; 0 = never. */
  readonly expires: number;
  readonly origin: "stack" | "add-node" | "token";
  /** Gateways of a client that is no agent; absent for agents. */
  readonly via?: readonly NodeId[] | undefined;
  /** What the grant of a stock WireGuard client says of it; absent for agents, and where another node has its tunnel key. */
  readonly client?: MemberClient | undefined;
  readonly grantSeq: number;
  readonly keys: MemberKeys | undefined;
}

/** A member that speaks WireGuard alone. It signs nothing: all of it is in its grant. */
export interface MemberClient {
  readonly x25519: X25519PublicKey;
  /** Its secret, sealed to each gateway of `via` (client-secret.ts): 160 hexadecimal digits. */
  readonly wraps: ReadonlyMap<NodeId, string>;
}

/** A token of the log, and whether it was taken back. */
export interface TokenState {
  readonly token: TokenAdd;
  /** no: nobody new joins. nodes: those who did were let go too. */
  readonly revoked: "no" | "token" | "nodes";
}

/** Tunnel and control keys, signed by the member's SSH key. */
export interface MemberKeys {
  readonly x25519: X25519PublicKey;
  readonly ctl: X25519PublicKey;
  /** Newest generation of the network secret that the member holds. */
  readonly generation: number;
  readonly seq: number;
}

/** The verified state of a mesh: a value, replaced when items are applied. */
export interface MeshView {
  readonly meshId: MeshId;
  readonly name: string;
  readonly range: string;
  readonly domain: string;
  /** Admin SSH public keys in force, one line each without comment. */
  readonly admins: readonly string[];
  /** How many admins must sign a log entry or a grant. */
  readonly threshold: number;
  readonly head: { readonly seq: number; readonly hash: string };
  readonly coordinator: { readonly key: X25519PublicKey; readonly urls: readonly string[] } | undefined;
  readonly members: ReadonlyMap<NodeId, Member>;
  readonly revoked: ReadonlyMap<NodeId, number>;
  /** Every token of the log by its id, in the order of the log; revoked ones among them. */
  readonly tokens: ReadonlyMap<string, TokenState>;
  /** Hashes of the bodies of token-signed grants that an admin has confirmed, with their place in the log's order. */
  readonly checkpoint: ReadonlyMap<string, number>;
  /** Why this view takes no more changes: an unknown operation or a fork; absent in normal life. */
  readonly frozen: { readonly reason: "unknown-operation" | "fork"; readonly detail: string } | undefined;
  /** The signed items that all of this follows from. */
  readonly held: HeldItems;
}
