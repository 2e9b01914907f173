// The reviewed plan, tm.plan/v1: what a deploy would do, without a secret, for people, comments and programs.
import { z } from "zod";

const name = z.string().max(4096);
/** Names that stand in commands: as stack files and stages must be named. */
const plainName = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const value = z.json();

/** One attribute that changes. `before` and `after` are null where there is none; sensitive ones are the text "(sensitive)". */
const attribute = z.strictObject({
  /** "size", "inbound_rule[]" for an element of a block that comes or goes. */
  path: name,
  before: value,
  after: value,
  /** Known after apply. */
  unknown: z.boolean(),
  sensitive: z.boolean(),
});

export const actions = ["create", "update", "replace", "delete", "import", "move", "forget"] as const;
export const consequences = [
  "only-coordinator",
  "coordinator",
  "host-lost",
  "volume-lost",
  "address-lost",
  "restart",
] as const;

const change = z.strictObject({
  address: name,
  previousAddress: name.optional(),
  /** Path of the construct: "office-main/droplet-hub". */
  constructPath: name.optional(),
  /** Member of the mesh that it belongs to. */
  node: name.optional(),
  type: name,
  action: z.enum(actions),
  /** Terraform's word for why, such as replace_because_cannot_update. */
  reason: name.optional(),
  /** Attributes that force a replacement. */
  forcedBy: z.array(name),
  consequences: z.array(z.enum(consequences)),
  /** Member that --replace must name, or a deploy refuses the change; absent where it does, and where none is needed. */
  refusedWithout: name.optional(),
  attributes: z.array(attribute),
  /** The change in one sentence. */
  words: z.string(),
});

/** Who may reach what: each of `from` each of `to`, but nobody itself. */
const reach = z.strictObject({
  /** Members, and ranges of addresses. */
  from: z.array(name),
  to: z.array(name),
  /** "tcp 22 443", "udp all ports", "icmp". */
  services: z.array(name),
  /** It in one sentence. */
  words: z.string(),
});

const output = z.strictObject({
  name,
  action: z.enum(["create", "update", "delete"]),
  before: value,
  after: value,
  unknown: z.boolean(),
  sensitive: z.boolean(),
});

/** Findings that say that somebody gets in who could not before. */
const wideningIds = ["ssh-open", "access-wider", "access-unknown", "unguarded", "policy-open", "policy-wider"] as const;

export const findingIds = [
  ...wideningIds,
  "refused",
  "host-lost",
  "data-lost",
  "member-removed",
  "check-failed",
] as const;

const finding = z.strictObject({
  id: z.enum(findingIds),
  level: z.enum(["danger", "warning"]),
  /** Who gets in, where it is about access by the policy; `nodes` are what they reach then. */
  from: z.array(name).optional(),
  nodes: z.array(name),
  address: name.optional(),
  /** Ranges, ports and such that the sentence names. */
  detail: z.array(name),
  /** The finding in one sentence. */
  words: z.string(),
});

export const unknownIds = ["mesh-there", "joined-by-token", "policy-before", "address"] as const;

const unknown = z.strictObject({
  id: z.enum(unknownIds),
  /** Members that it is about. */
  nodes: z.array(name),
  /** A range of addresses that it is about. */
  range: name.optional(),
  /** It in one sentence. */
  words: z.string(),
});

const problem = z.strictObject({
  code: name,
  message: z.string(),
  detail: z.string().optional(),
  advice: z.array(z.string()),
});

/** The document that `tm plan --format json` writes and that `tm plan render`, `tm plan comment` and `tm deploy --plan` read. */
export const planSchema = z.strictObject({
  schema: z.literal("tm.plan/v1"),
  stack: plainName,
  stage: plainName,
  mesh: name,
  /** Absent before the mesh exists. */
  meshId: name.optional(),
  /** When it was made: ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  commit: name.optional(),
  release: name,
  /** Absent where the stack has nothing for Terraform. */
  terraform: name.optional(),
  provider: name.optional(),
  /** Resources by what happens to them; imports and moves count there beside what else happens. */
  summary: z.strictObject({
    create: z.int(),
    update: z.int(),
    replace: z.int(),
    delete: z.int(),
    import: z.int(),
    move: z.int(),
    forget: z.int(),
    read: z.int(),
    noop: z.int(),
    /** Steps on hosts. */
    steps: z.int(),
    /** Members that come, go or change. */
    members: z.int(),
  }),
  /**
   * none: nothing changes; widening: firewalls or the policy let more through than before; destructive: something is destroyed or
   * replaced, or a member is signed out, whatever else there is.
   */
  risk: z.enum(["none", "low", "widening", "destructive"]),
  changes: z.array(change).max(100_000),
  outputs: z.array(output),
  /** What was changed outside of tm since the last deploy. */
  drift: z.array(z.strictObject({ address: name, node: name.optional(), action: name, paths: z.array(name) })),
  checks: z.array(z.strictObject({ address: name, status: name })),
  cost: z
    .strictObject({
      currency: z.literal("USD"),
      /** Per month, of what has a known price. */
      monthlyBefore: z.number(),
      monthlyAfter: z.number(),
      source: z.string(),
      /** Date of the prices. */
      asOf: z.iso.date(),
      /** Resources without a known price. */
      unknown: z.array(z.strictObject({ address: name, what: name })),
    })
    .optional(),
  members: z.strictObject({
    added: z.array(name),
    removed: z.array(name),
    renamed: z.array(z.strictObject({ from: name, to: name })),
    /** Members whose groups or routes change. */
    changed: z.array(name),
    unchanged: z.array(name),
  }),
  hosts: z.array(
    z.strictObject({
      name,
      role: z.enum(["coordinator", "node"]),
      basis: z.enum(["assumed", "recorded", "live"]),
      steps: z.array(z.strictObject({ id: name, title: z.string() })),
      notes: z.array(z.string()),
      error: problem.optional(),
    }),
  ),
  upgrade: z.array(z.strictObject({ step: z.enum(["coordinator", "canary", "rest"]), hosts: z.array(name) })),
  /** Who may reach whom by the stack's policy, one line each. */
  access: z.array(z.string()),
  /** What the policy lets through and did not before, and the other way round. */
  accessChanges: z.strictObject({
    /** deployed: against what was deployed last; new: nothing was deployed; unknown: what was deployed is not known here. */
    basis: z.enum(["deployed", "new", "unknown"]),
    /** Since when the policy before is in force: ISO 8601, UTC. */
    since: z.iso.datetime().optional(),
    /** Lines of `access` that come and go. */
    added: z.array(z.string()),
    removed: z.array(z.string()),
    /** What that, and groups and members that change, do to members, clients and ranges. */
    gained: z.array(reach).max(100_000),
    lost: z.array(reach).max(100_000),
  }),
  findings: z.array(finding),
  /** Members that `tm deploy` must be given with --replace. */
  replace: z.array(plainName),
  /** What could not be known here, so that nobody takes the plan's silence for a no. */
  unknown: z.array(unknown),
  /** Over resource changes, members, policy and release: the same on every machine. */
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
});

export type Plan = z.infer<typeof planSchema>;
export type PlanChange = Plan["changes"][number];
export type PlanAttribute = PlanChange["attributes"][number];
export type PlanFinding = Plan["findings"][number];
export type PlanUnknown = Plan["unknown"][number];
export type PlanReach = Plan["accessChanges"]["gained"][number];
export type Consequence = PlanChange["consequences"][number];
export type Json = z.infer<typeof value>;

/** Whether a deploy of it would do anything. */
export function hasChanges({ summary, changes, outputs, ...policy }: HasChanges): boolean {
  return changes.length + outputs.length + summary.steps + summary.members > 0 || mayChangeAccess(policy);
}

type HasChanges = Pick<Plan, "summary" | "changes" | "outputs" | "access" | "accessChanges">;

/** Rules of which nobody knows whether they are new are not taken for old ones. */
function mayChangeAccess({ access, accessChanges }: Pick<Plan, "access" | "accessChanges">): boolean {
  const { basis, added, removed } = accessChanges;
  return basis === "unknown" ? access.length > 0 : added.length + removed.length > 0;
}

/** Whether a finding says that somebody gets in who could not before. */
export function isWidening({ id }: PlanFinding): boolean {
  return wideningIds.some((one) => one === id);
}

/** The change that a finding is about. */
export function changeOfFinding({ changes }: Plan, { address }: PlanFinding): PlanChange | undefined {
  return address === undefined ? undefined : changes.find((change) => change.address === address);
}
