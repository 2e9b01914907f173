// The contract of tm sign: an admin's signatures for a change, made where the change is made and no host is touched.
import type { EngineContext } from "./contract.ts";

export interface SignResult {
  readonly mesh: string;
  readonly stage: string;
  /** Relative to the project folder: what to commit. */
  readonly file: string;
  readonly granted: readonly string[];
  readonly changed: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  readonly revoked: readonly string[];
  /** Members of the stack whose host key is not known: a deploy signs them, with an admin's key or a token. */
  readonly unknown: readonly string[];
  /** Whether the coordinator or a member could say what the newest entry of the log is. */
  readonly asked: boolean;
}
/** Signs what a deploy of this stack would need, into the mesh file alone. @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED, TM_TRUST_… */
export type SignStack = (parameters: EngineContext) => Promise<SignResult>;

/** What cli/engine/deploy/index.ts exports beside contract.ts. */
export interface SignEngine {
  readonly signStack: SignStack;
}
