// The contract of the commands around a mesh: exec, logs, inventory and ssh.
import type { Finding } from "../doctor/node-findings.ts";
import type { EngineContext, ErrorReport } from "./contract.ts";

/** Takes output as it comes. */
export type OnOutput = (name: string, stream: "stdout" | "stderr", chunk: Buffer) => void;

export interface ExecParameters extends EngineContext {
  readonly on: { readonly kind: "node" | "group"; readonly name: string };
  /** One word is a command line for the host's shell; several reach the command as they are. */
  readonly command: readonly string[];
  /** Called once with the names of all hosts meant, when those that can be reached are, before the command starts. */
  readonly onReached?: (names: readonly string[]) => Promise<void>;
  /** Where it is given, output goes there and the result holds none. */
  readonly onOutput?: OnOutput;
}
/** What the command said on one host; `error` and no code where it did not run to its end. */
export interface ExecHost {
  readonly name: string;
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly error?: ErrorReport;
}
export interface ExecResult {
  readonly mesh: string;
  readonly stage: string;
  readonly hosts: readonly ExecHost[];
  /** The highest exit code; a host with an error counts as 5. */
  readonly code: number;
}
/** Runs a command on members, as the user that SSH logs in. @throws TunnelMeshError TM_DEPLOY_UNKNOWN_NODE, TM_DEPLOY_UNKNOWN_GROUP */
export type ExecCommand = (parameters: ExecParameters) => Promise<ExecResult>;

export interface LogsParameters extends EngineContext {
  readonly name: string;
  /** Of the end of the log. */
  readonly lines: number;
  /** Goes on until the signal is aborted, which is no error then. */
  readonly follow: boolean;
  /** The coordinator's log in place of the agent's. */
  readonly coordinator: boolean;
  readonly onReached?: () => Promise<void>;
  /** Where it is given, output goes there and the result holds none. */
  readonly onOutput?: OnOutput;
}
export interface LogsResult {
  readonly mesh: string;
  readonly name: string;
  readonly unit: string;
  readonly lines: readonly string[];
}
/** The journal of one member's agent or of the coordinator. @throws TunnelMeshError when it cannot be read */
export type MemberLogs = (parameters: LogsParameters) => Promise<LogsResult>;

export interface DoctorNodeParameters extends EngineContext {
  readonly name: string;
}
export interface DoctorNodeResult {
  readonly mesh: string;
  readonly stage: string;
  readonly name: string;
  readonly findings: readonly Finding[];
}
/** Looks at a member's host over SSH and asks its agent; changes nothing. @throws TunnelMeshError when it cannot be reached */
export type DoctorNode = (parameters: DoctorNodeParameters) => Promise<DoctorNodeResult>;

export interface InventoryHost {
  readonly name: string;
  readonly role: "coordinator" | "node";
  /** "beta.mesh" */
  readonly dnsName: string;
  readonly ip4?: string;
  readonly ip6: string;
  readonly groups: readonly string[];
  /** "ssh-ed25519 AAAA…", as the mesh has it. */
  readonly hostKey: string;
  /** How this machine reaches it; absent for members that the stack does not name and local hosts that do not run. */
  readonly ssh?: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly identityFiles: readonly string[];
    /** Hops in order, each "[user@]host[:port]". */
    readonly jumps: readonly string[];
  };
}
export interface InventoryResult {
  readonly mesh: string;
  readonly meshId: string;
  readonly stage: string;
  readonly hosts: readonly InventoryHost[];
}
/** The members by name, from the mesh file and the stack: connects to nothing. @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED */
export type MeshInventory = (parameters: EngineContext) => Promise<InventoryResult>;

export interface ShellParameters extends EngineContext {
  readonly name: string;
  /** Empty: a shell. Else as in ExecParameters. */
  readonly command: readonly string[];
  /** Called before ssh takes the terminal. */
  readonly onStart?: () => Promise<void>;
}
export interface ShellResult {
  readonly name: string;
  /** The exit code of ssh, which is that of what ran on the host; 255 when ssh itself failed. */
  readonly code: number;
}
/** Runs this machine's ssh to a member, on this process's streams. @throws TunnelMeshError TM_SSH_PROGRAM_MISSING */
export type OpenShell = (parameters: ShellParameters) => Promise<ShellResult>;

/** What cli/engine/deploy/index.ts exports beside contract.ts. */
export interface AroundEngine {
  readonly execCommand: ExecCommand;
  readonly memberLogs: MemberLogs;
  readonly doctorNode: DoctorNode;
  readonly meshInventory: MeshInventory;
  readonly openShell: OpenShell;
}
