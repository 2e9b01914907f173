// The plan's digest (life.md §6): what a reviewer agreed to, and the same on every machine that plans the same.
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { MeshModel } from "../../../constructs/model.ts";
import type { PlanChange } from "./plan.ts";

export interface DigestParts {
  readonly model: MeshModel;
  readonly changes: readonly PlanChange[];
  readonly release: string;
}

/**
 * "sha256:" and SHA-256 over canonical JSON (RFC 8785) of resource changes, members, policy and release. Left out is what differs
 * between machines and hours: values of before, values known after apply, sensitive values, facts of hosts, drift, prices, versions
 * of tools, and who could be reached.
 */
export function digestOf({ model, changes, release }: DigestParts): string {
  const { stack, stage, range, domain, admins, protect, members, policy } = model;
  const parts = {
    v: 1,
    ...{ stack, stage, range, domain, admins, protect, policy, release },
    members: members.map(({ name, role, groups, dnsNames, routes, formerly, url, host }) => ({
      ...{ name, role, groups, dnsNames, routes },
      formerly: formerly ?? null,
      url: url ?? null,
      host:
        host.kind === "ssh" ? { kind: host.kind, target: host.target, port: host.port ?? null } : { kind: host.kind },
    })),
    changes: changes.map(({ address, previousAddress, action, forcedBy, attributes }) => ({
      address,
      previousAddress: previousAddress ?? null,
      action,
      forcedBy,
      after:
        action === "delete" || action === "forget"
          ? []
          : attributes
              .filter(({ unknown, sensitive }) => !unknown && !sensitive)
              .map(({ path, after }) => [path, after]),
    })),
  };
  // Text that is not well-formed has no canonical form.
  const json = canonicalize(JSON.parse(JSON.stringify(parts).toWellFormed()));
  return `sha256:${createHash("sha256")
    .update(json ?? "")
    .digest("hex")}`;
}
