// The contract between the deploy engine and the commands over it: what each function takes and what it gives back.
import type { MeshModel } from "../../../constructs/model.ts";
import type { AgentStatus, PeerStatus, PingReply } from "../../../protocol/control/agent.ts";
import type { Progress } from "../../output/progress.ts";
import type { ConnectOptions } from "../ssh/connection.ts";
import type { ErrorReport, PlanResult } from "./plan-contract.ts";

export type {
  ErrorReport,
  MembershipPlan,
  MeshPlan,
  PlannedHost,
  PlannedResource,
  PlanResult,
  UpgradeStep,
} from "./plan-contract.ts";

/** A stack that was found, loaded and validated; made by cli/engine/synth/load.ts. */
export interface LoadedStack {
  readonly model: MeshModel;
  /** What Terraform is given; absent when the stack has nothing in a cloud. */
  readonly terraform?: Readonly<Record<string, unknown>>;
  /** Absolute path of the stack file; paths in the stack are relative to its folder. */
  readonly stackFile: string;
  /** Absolute path of the folder that holds mesh/ and .tm/. */
  readonly projectFolder: string;
  readonly stage: string;
}

/** What every engine function is given. */
export interface EngineContext {
  readonly loaded: LoadedStack;
  readonly progress: Progress;
  /** Aborted at the first Ctrl-C with TM_INTERRUPTED as its reason. */
  readonly signal: AbortSignal;
  /** Absent where nobody can answer: no terminal, --yes or --no-input. */
  readonly confirmHostKey?: ConnectOptions["confirmHostKey"];
  /** Absent where nobody can answer. */
  readonly askSecret?: ConnectOptions["askSecret"];
  /** SSH private key file that signs as admin (--admin-key); absolute. */
  readonly adminKey?: string;
  /** The text of TM_CI_TOKEN: deploys sign with it where no admin's key is named. */
  readonly ciToken?: string;
  /** Hosts worked on at once; 8 when left out. */
  readonly parallel?: number;
  /** The sandbox cloud of this machine stands for DigitalOcean (--sandbox, TM_SANDBOX=1). */
  readonly sandbox?: boolean;
  /** What to know should a second Ctrl-C end this process now; undefined takes it back. */
  readonly warnInterrupted?: (text: string | undefined) => void;
}

/**
 * rolled-back: the new release was not healthy there, and the host is on the one before again; waiting: not touched, as an upgrade
 * stopped at a host before it. Both count as failed. made: the host stands, and the mesh is not on it (`part: "cloud"`).
 */
export type HostState =
  | "made"
  | "unchanged"
  | "installed"
  | "updated"
  | "failed"
  | "removed"
  | "rolled-back"
  | "waiting";

export interface HostResult {
  readonly name: string;
  /** Where it was reached; absent when it was not. */
  readonly address?: string;
  readonly ip4?: string;
  readonly ip6?: string;
  readonly state: HostState;
  readonly error?: ErrorReport;
}

export interface DeployParameters extends EngineContext {
  readonly yes: boolean;
  /** Asked once with the plan before anything changes; absent with --yes. It returns true or throws TM_DECLINED. */
  readonly confirm?: (plan: PlanResult) => Promise<boolean>;
  readonly downgrade: boolean;
  /** Digest of the plan that was agreed to: another one is refused before anything changes, with TM_PLAN_CHANGED. */
  readonly expectDigest?: string;
  /** Node that is upgraded first after the coordinator; chosen when left out. */
  readonly canary?: string;
  /** cloud: makes hosts and installs nothing; mesh: installs on hosts that stand and starts no Terraform. Both when left out. */
  readonly part?: "cloud" | "mesh";
  /** Members whose droplets may be made anew, and are. */
  readonly replace?: readonly string[];
  /** Host keys by member name, for droplets that cannot prove theirs any more: "ssh-ed25519 AAAA…". */
  readonly hostKeys?: Readonly<Record<string, string>>;
  /** How long to wait for somebody else's run to end, as Terraform takes it: "60s". */
  readonly lockTimeout?: string;
}

export interface DeployResult {
  readonly mesh: string;
  readonly meshId: string;
  readonly stage: string;
  readonly release: string;
  readonly hosts: readonly HostResult[];
  /** Number of hosts that failed. */
  readonly failed: number;
  /** Outputs of the stack with what is known now in place of "${…}". */
  readonly outputs?: Readonly<Record<string, string>>;
}

export type PlanParameters = EngineContext &
  Pick<DeployParameters, "canary" | "replace" | "lockTimeout"> & {
    readonly downgrade?: boolean;
    /** As CI plans a pull request: no host is reached, Terraform's state is not locked, a missing signature ends it. */
    readonly unasked?: boolean;
  };
/** @throws TunnelMeshError what stops a plan as a whole; a host that cannot be read is in the result */
export type PlanStack = (parameters: PlanParameters) => Promise<PlanResult>;
/** @throws TunnelMeshError what stops a deploy as a whole; a host that failed is in the result, and the command exits with 5 */
export type DeployStack = (parameters: DeployParameters) => Promise<DeployResult>;

export interface RollbackParameters extends EngineContext {
  /** Only these members; when left out all that run what the coordinator's host runs and have a release before. */
  readonly names?: readonly string[];
}
export interface RollbackResult {
  readonly mesh: string;
  readonly stage: string;
  /** updated: on the release before now; unchanged: it has none; failed; waiting: not touched, as a host before it failed. */
  readonly hosts: readonly (HostResult & { readonly release?: string })[];
  readonly failed: number;
}
/** @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED, TM_DEPLOY_UNKNOWN_NODE, TM_ROLLBACK_NO_PREVIOUS */
export type RollbackStack = (parameters: RollbackParameters) => Promise<RollbackResult>;

/** The command has asked already: the engine only does. */
export type DestroyParameters = EngineContext & Pick<DeployParameters, "lockTimeout">;
export interface DestroyResult {
  readonly mesh: string;
  readonly stage: string;
  /** removed, or failed with its error: then it is listed and blocks nothing. */
  readonly hosts: readonly HostResult[];
  readonly failed: number;
  /** Members whose volumes stay, as the stack says `keep`. */
  readonly keptVolumes?: readonly string[];
  /** Where the mesh file went, relative to the project folder: "mesh/archive/…". */
  readonly archive?: string;
}
export type DestroyStack = (parameters: DestroyParameters) => Promise<DestroyResult>;

export interface AddNodeParameters extends EngineContext {
  /** "user@host" or an alias of ~/.ssh/config. */
  readonly target: string;
  /** The host's own name when left out. */
  readonly name?: string;
  readonly groups: readonly string[];
  readonly port?: number;
  readonly hostKey?: string;
}
export interface AddNodeResult {
  readonly mesh: string;
  readonly stage: string;
  readonly host: HostResult;
}
/** @throws TunnelMeshError when the host could not be added */
export type AddNode = (parameters: AddNodeParameters) => Promise<AddNodeResult>;

export interface RemoveNodeParameters extends EngineContext {
  readonly name: string;
}
export interface RemoveNodeResult {
  readonly mesh: string;
  readonly stage: string;
  readonly name: string;
  /** Whether the host was reached and uninstalled; membership is revoked either way. */
  readonly uninstalled: boolean;
  readonly error?: ErrorReport;
}
export type RemoveNode = (parameters: RemoveNodeParameters) => Promise<RemoveNodeResult>;

export interface HostStatus {
  readonly name: string;
  readonly role: "coordinator" | "node";
  /** From the agent's control socket over SSH; absent when it could not be asked. */
  readonly agent?: AgentStatus;
  /** Empty when it could not be asked. */
  readonly peers: readonly PeerStatus[];
  readonly error?: ErrorReport;
  /** In place of agent and error, for one that joined by itself and that SSH does not find: how the others see it. */
  readonly seen?: SeenMember;
}
export interface SeenMember {
  readonly ip4?: string;
  readonly ip6: string;
  readonly online: boolean;
  /** Members that have it online. */
  readonly by: readonly string[];
}
export interface StatusParameters extends EngineContext {
  /** Ask only these members; all when left out. */
  readonly names?: readonly string[];
}
export interface StatusResult {
  readonly mesh: string;
  readonly meshId: string;
  readonly stage: string;
  readonly hosts: readonly HostStatus[];
}
/** @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED, TM_DEPLOY_UNKNOWN_NODE */
export type MeshStatus = (parameters: StatusParameters) => Promise<StatusResult>;

export interface PingParameters extends EngineContext {
  readonly from: string;
  readonly to: string;
  readonly count: number;
}
export interface PingResult extends PingReply {
  readonly from: string;
  readonly to: string;
}
/** Sealed pings from one member's agent to another. @throws TunnelMeshError when `from` cannot be asked */
export type PingMember = (parameters: PingParameters) => Promise<PingResult>;

export interface LeaveParameters extends EngineContext {
  readonly name: string;
}
export interface LeaveResult {
  readonly mesh: string;
  readonly stage: string;
  readonly name: string;
}
/**
 * Stops the agent of one member, which takes back its routes, rules and DNS; it stays a member, and the next deploy starts it again.
 * @throws TunnelMeshError when it cannot be asked
 */
export type LeaveMesh = (parameters: LeaveParameters) => Promise<LeaveResult>;

export interface UnlockResult {
  readonly mesh: string;
  /** Whose lock or lease ended; absent when nobody held one. */
  readonly holder?: { readonly name: string; readonly machine: string; readonly pid: number };
  /** What was ended: the coordinator's lease, or this machine's lock; the lease when both were held. Absent without a holder. */
  readonly unlocked?: "lease" | "machine";
}
export type UnlockStack = (parameters: EngineContext) => Promise<UnlockResult>;

export interface DeployRecord {
  /** Unix milliseconds. */
  readonly at: number;
  /** "alice@laptop" */
  readonly by: string;
  readonly release: string;
  /** Commit of the project, when it is a git checkout. */
  readonly commit?: string;
}
export interface HistoryResult {
  readonly mesh: string;
  /** Newest first. */
  readonly deploys: readonly DeployRecord[];
}
export type DeployHistory = (parameters: EngineContext) => Promise<HistoryResult>;

/** What cli/engine/deploy/index.ts exports, with what around-contract.ts says. */
export interface DeployEngine {
  readonly planStack: PlanStack;
  readonly deployStack: DeployStack;
  readonly rollbackStack: RollbackStack;
  readonly destroyStack: DestroyStack;
  readonly addNode: AddNode;
  readonly removeNode: RemoveNode;
  readonly meshStatus: MeshStatus;
  readonly pingMember: PingMember;
  readonly leaveMesh: LeaveMesh;
  readonly unlockStack: UnlockStack;
  readonly deployHistory: DeployHistory;
}
