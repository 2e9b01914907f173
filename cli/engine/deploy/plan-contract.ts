// What a plan says, as plain data: resources, hosts, members.
import type { Plan } from "../review/plan.ts";

/** An error as a result carries it: what the error form of --json holds. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly advice: readonly string[];
}

export interface PlannedHost {
  readonly name: string;
  readonly role: "coordinator" | "node";
  /** assumed: not created yet; recorded: from the last deploy; live: read over SSH (life.md §6). */
  readonly basis: "assumed" | "recorded" | "live";
  /** Empty: nothing to do. */
  readonly steps: readonly { readonly id: string; readonly title: string }[];
  /** What to know about this host, such as SELinux. */
  readonly notes?: readonly string[];
  /** Why it could not be read live. */
  readonly error?: ErrorReport;
}

export interface MembershipPlan {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** Their groups, routes or origin are not what the stack says: they get a new grant. */
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
}

/** Hosts of one step of an upgrade; a step begins when all hosts of the one before are healthy. */
export interface UpgradeStep {
  readonly step: "coordinator" | "canary" | "rest";
  readonly hosts: readonly string[];
}

/** One resource of Terraform that a deploy creates, changes or removes. */
export interface PlannedResource {
  /** "digitalocean_droplet.hub" */
  readonly address: string;
  readonly type: string;
  readonly action: "create" | "update" | "replace" | "delete" | "import" | "move";
  /** Member whose resource it is, where it is one's. */
  readonly member?: string;
  /** Terraform's own word: "replace_because_tainted". */
  readonly reason?: string;
  /** Attributes that force a replacement. */
  readonly forcedBy: readonly string[];
}

export interface MeshPlan {
  readonly mesh: string;
  /** Absent before the first deploy. */
  readonly meshId?: string;
  readonly stage: string;
  /** VERSION-HASH of the release that would be installed. */
  readonly release: string;
  readonly hosts: readonly PlannedHost[];
  readonly members: MembershipPlan;
  /** In which order hosts go to another release; absent where none does. */
  readonly upgrade?: readonly UpgradeStep[];
  /** Absent where the stack has nothing in a cloud. */
  readonly resources?: readonly PlannedResource[];
  /** Number of steps, membership changes, resources and rules; 0 = no changes. */
  readonly changes: number;
}

export interface PlanResult extends MeshPlan {
  /** The whole plan as a reviewer sees it: without a secret, and with its digest. */
  readonly review: Plan;
}
