// The contract of tm join and tm leave --local: what a machine does for itself, without a stack and without SSH.
import type { Progress } from "../../output/progress.ts";

export interface MachineContext {
  readonly progress: Progress;
  /** Aborted at the first Ctrl-C with TM_INTERRUPTED as its reason. */
  readonly signal: AbortSignal;
  /** Somebody is at a terminal: sudo may ask. */
  readonly interactive: boolean;
}

export interface JoinParameters extends MachineContext {
  /** The token as text. It goes on through pipes alone. */
  readonly token: string;
  /** A free name near the machine's own when left out. */
  readonly name?: string;
}
export interface JoinResult {
  readonly mesh: string;
  readonly meshId: string;
  readonly nid: string;
  readonly name: string;
  readonly domain: string;
  readonly ip4?: string;
  readonly ip6: string;
  readonly groups: readonly string[];
  /** Unix seconds until which it is a member; 0 = no end. */
  readonly expires: number;
  /** It was a member and up before, or another run had joined it. */
  readonly already: boolean;
  /** Peers by how they are reached at this moment. */
  readonly peers: readonly { readonly name: string; readonly path: "direct" | "relay" | "none" }[];
}
/**
 * Installs the agent of this package on this machine, joins it by the token and starts it. What a run that failed before it had joined
 * made here is removed again; after a kill the next run finishes.
 * @throws TunnelMeshError TM_MEMBER_NOT_ROOT, TM_MEMBER_OTHER_MESH, TM_MEMBER_STACK_HOST, TM_JOIN_…, TM_INSTALL_…
 */
export type JoinMesh = (parameters: JoinParameters) => Promise<JoinResult>;

export interface LeaveLocalParameters extends MachineContext {
  /** May be left out where the machine is in one mesh. */
  readonly mesh?: string;
}
export interface LeaveLocalResult {
  readonly mesh: string;
  readonly name: string | undefined;
}
/** Takes a mesh off this machine. @throws TunnelMeshError TM_MEMBER_NOT_ROOT, TM_MEMBER_NOT_HERE, TM_MEMBER_STACK_HOST */
export type LeaveLocal = (parameters: LeaveLocalParameters) => Promise<LeaveLocalResult>;

export interface UpdateLocalResult {
  readonly mesh: string;
  /** VERSION-HASH of this package. */
  readonly release: string;
  /** False: it had this release, and everything was as it should be. */
  readonly updated: boolean;
}
/** Brings the agent on this machine to this package's release. @throws TunnelMeshError TM_MEMBER_NOT_HERE, TM_MEMBER_STACK_HOST, TM_DEPLOY_DOWNGRADE, TM_INSTALL_… */
export type UpdateLocal = (parameters: LeaveLocalParameters) => Promise<UpdateLocalResult>;
