// The contract between the commands around Terraform's state and what carries them out.
import type { EngineContext } from "../deploy/contract.ts";

export interface StateResult {
  readonly mesh: string;
  readonly stage: string;
}

export interface ShownOutput {
  readonly value: unknown;
  /** Then `value` is "(sensitive)" unless it was asked for. */
  readonly sensitive: boolean;
}
export interface OutputsParameters extends EngineContext {
  readonly showSecrets: boolean;
}
export interface OutputsResult extends StateResult {
  readonly outputs: Readonly<Record<string, ShownOutput>>;
}
/** The outputs of the stack and of what it adds to Terraform, by name; needs no token. @throws TunnelMeshError TM_TERRAFORM_… */
export type StackOutputs = (parameters: OutputsParameters) => Promise<OutputsResult>;

export interface ChangedAttribute {
  /** Path within the resource: "size", "inbound_rule.0.source_addresses". */
  readonly name: string;
  /** "(sensitive)" where it is; null where there is none. */
  readonly before: unknown;
  readonly after: unknown;
}
export interface DriftedResource {
  readonly address: string;
  /** The member whose droplet it is or hangs on; absent for what members share. */
  readonly node?: string;
  readonly what: "changed" | "deleted";
  /** Empty for what was deleted. */
  readonly attributes: readonly ChangedAttribute[];
}
export interface DriftResult extends StateResult {
  /** By address; empty when all is as the last deploy left it. */
  readonly drift: readonly DriftedResource[];
}
/** What changed at the service outside tm; changes nothing. @throws TunnelMeshError TM_STATE_…, TM_TERRAFORM_… */
export type FindDrift = (parameters: EngineContext) => Promise<DriftResult>;

export interface RefreshParameters extends EngineContext {
  /** Asked once with what would be written; absent with --yes. It returns true or throws TM_DECLINED. */
  readonly confirm?: (drift: DriftResult) => Promise<boolean>;
}
export interface RefreshResult extends DriftResult {
  readonly written: boolean;
}
/** Writes what changed at the service into the state; changes nothing at the service. @throws as FindDrift */
export type RefreshState = (parameters: RefreshParameters) => Promise<RefreshResult>;

export interface AdoptParameters extends EngineContext {
  readonly node: string;
  /** Id of the droplet at the service. */
  readonly droplet: number;
  /** Asked once with what would be adopted; absent with --yes. It returns true or throws TM_DECLINED. */
  readonly confirm?: (adoption: Adoption) => Promise<boolean>;
}
export interface Adoption {
  readonly node: string;
  readonly droplet: { readonly id: number; readonly name: string; readonly region: string; readonly size: string };
  /** What goes into the state, the droplet last. */
  readonly resources: readonly { readonly address: string; readonly id: string }[];
  /** What the next deploy would change of it, in place. */
  readonly changes: readonly { readonly address: string; readonly attributes: readonly ChangedAttribute[] }[];
}
export type AdoptResult = StateResult & Adoption;
/**
 * Takes a droplet that is there, and what of the mesh hangs on it, into the state; changes nothing at the service.
 * @throws TunnelMeshError TM_IMPORT_…, TM_STATE_…, TM_TERRAFORM_…
 */
export type AdoptDroplet = (parameters: AdoptParameters) => Promise<AdoptResult>;

/** A lock on the state, as whoever is to take it away is shown it. */
export interface HeldLock {
  /** "bucket office-state at https://fra1.digitaloceanspaces.com" */
  readonly place: string;
  /** "alice@laptop, apply since 2026-05-01 12:00:00 UTC" */
  readonly holder: string;
}
export interface UnlockStateParameters extends EngineContext {
  /** Asked with the lock; absent with --yes. It returns true or throws TM_DECLINED. */
  readonly confirm?: (lock: HeldLock) => Promise<boolean>;
}
export interface UnlockStateResult extends StateResult {
  readonly place: string;
  /** Whose lock was taken away; absent when nobody held one. */
  readonly holder?: string;
}
/** Takes Terraform's lock on the state away. @throws TunnelMeshError TM_STATE_LOCK_ALIVE, TM_STATE_STORE, TM_TERRAFORM_… */
export type UnlockState = (parameters: UnlockStateParameters) => Promise<UnlockStateResult>;

export interface PullResult extends StateResult {
  readonly place: string;
  readonly serial: number;
  readonly resources: number;
  /** The state, byte for byte. */
  readonly text: string;
}
/** The state as it is. @throws TunnelMeshError TM_STATE_EMPTY */
export type PullState = (parameters: EngineContext) => Promise<PullResult>;

export interface PushParameters extends EngineContext {
  /** Absolute path of a state that PullState gave. */
  readonly file: string;
}
export type PushResult = Omit<PullResult, "text">;
/** Writes a state where the stack wants it; never over another one or a newer one. @throws TunnelMeshError TM_STATE_FILE */
export type PushState = (parameters: PushParameters) => Promise<PushResult>;

/** What cli/engine/state/index.ts exports. */
export interface StateEngine {
  readonly stackOutputs: StackOutputs;
  readonly findDrift: FindDrift;
  readonly refreshState: RefreshState;
  readonly adoptDroplet: AdoptDroplet;
  readonly unlockState: UnlockState;
  readonly pullState: PullState;
  readonly pushState: PushState;
}
