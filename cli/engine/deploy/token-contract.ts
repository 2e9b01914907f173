// The contract of tm token: what lets machines join by themselves is made, listed and taken back.
import type { TokenStatus } from "../../../protocol/control/tokens.ts";
import type { EngineContext } from "./contract.ts";

export interface CreateTokenParameters extends EngineContext {
  /** How many machines may join by it. */
  readonly uses: number;
  /** Seconds from now. */
  readonly lifetime: number;
  readonly groups: readonly string[];
  /** Only these names; any free one when empty. */
  readonly names: readonly string[];
  /** Only these addresses; any free one when empty. */
  readonly ip4s: readonly string[];
  /** Its nodes are let go when they have been away for a day. */
  readonly ephemeral: boolean;
  /** For continuous integration: deploys sign with it. */
  readonly ci: boolean;
}
export interface CreateTokenResult {
  readonly mesh: string;
  readonly stage: string;
  readonly tid: string;
  /** The secret itself: kept nowhere, and shown this once. */
  readonly token: string;
  /** Unix seconds. */
  readonly expires: number;
  readonly uses: number;
  readonly groups: readonly string[];
  /** Members that could not be asked whether their release knows tokens. */
  readonly unasked: readonly string[];
  /** Those of `groups` that stand nowhere in the stack. */
  readonly strangeGroups: readonly string[];
  /** With --ci: members of the stack that do not let the token log in yet; the next deploy sees to them. */
  readonly withoutLogin: readonly string[];
}
/** @throws TunnelMeshError TM_TOKEN_OLD_RELEASE, TM_TOKEN_FIELD, TM_DEPLOY_NAME_TAKEN, TM_DEPLOY_COORDINATOR_UNREACHABLE */
export type CreateToken = (parameters: CreateTokenParameters) => Promise<CreateTokenResult>;

export interface ListTokensResult {
  readonly mesh: string;
  readonly stage: string;
  /** Oldest first. */
  readonly tokens: readonly TokenStatus[];
}
/** Asks the coordinator, else any member. @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED, TM_TOKEN_NOBODY_ASKED */
export type ListTokens = (parameters: EngineContext) => Promise<ListTokensResult>;

export interface RevokeTokenParameters extends EngineContext {
  /** Its id, or the beginning of it. */
  readonly tid: string;
  /** The nodes that joined by it are let go too. */
  readonly nodes: boolean;
}
export interface RevokeTokenResult {
  readonly mesh: string;
  readonly stage: string;
  readonly tid: string;
  /** False: it was revoked before. */
  readonly changed: boolean;
  /** Names of nodes that were let go. */
  readonly removed: readonly string[];
  /** Of a token of CI: members of the stack that let it log in until it expires, as they could not be reached. */
  readonly stillLogin: readonly string[];
}
/** @throws TunnelMeshError TM_TOKEN_UNKNOWN */
export type RevokeToken = (parameters: RevokeTokenParameters) => Promise<RevokeTokenResult>;

/** What cli/engine/deploy/index.ts exports beside contract.ts. */
export interface TokenEngine {
  readonly createToken: CreateToken;
  readonly listTokens: ListTokens;
  readonly revokeToken: RevokeToken;
}
