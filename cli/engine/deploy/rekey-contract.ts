// The contract of tm rekey: a member whose host was rebuilt and shows a new host key.
import type { EngineContext, HostResult } from "./contract.ts";

/** What an admin compares before a rebuilt host takes the place of the old one. */
export interface RebuiltHost {
  readonly name: string;
  /** The address that was connected to. */
  readonly address: string;
  /** "SHA256:…" of the key that the mesh has signed. */
  readonly before: string;
  /** "SHA256:…" of the key that the host shows now. */
  readonly now: string;
  /** Known_hosts, the stack or --host-key vouch for the new key. */
  readonly trusted: boolean;
}

export interface RekeyParameters extends EngineContext {
  readonly name: string;
  /** The new host key, "ssh-ed25519 AAAA…", as known from elsewhere. */
  readonly hostKey?: string;
  /** Asked once. It returns true where the new host may take the place. */
  readonly confirmRebuilt: (host: RebuiltHost) => Promise<boolean>;
}
export interface RekeyResult {
  readonly mesh: string;
  readonly stage: string;
  /** `unchanged`: the mesh has this key already, and the host is installed. */
  readonly host: HostResult;
  readonly before: string;
  readonly now: string;
}
/**
 * Revokes the old key of a member and grants the new one, under the same name and IPv4, in one step; then installs the host.
 * @throws TunnelMeshError TM_DEPLOY_UNKNOWN_NODE, TM_DEPLOY_CLONED_HOST_KEY, TM_DEPLOY_REKEY_LOCAL, TM_DEPLOY_REKEY_COORDINATOR, TM_DEPLOY_REKEY_REFUSED, TM_SSH_…
 */
export type RekeyNode = (parameters: RekeyParameters) => Promise<RekeyResult>;

/** What cli/engine/deploy/index.ts exports beside contract.ts. */
export interface RekeyEngine {
  readonly rekeyNode: RekeyNode;
}
