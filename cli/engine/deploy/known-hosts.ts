// Where each member's host was reached last: kept with the deploy records at the coordinator, so that any laptop finds a host again.
import { z } from "zod";
import type { HostModel } from "../../../constructs/model.ts";
import type { Member } from "../../../protocol/trust/member.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { type KeptPolicy, keptPolicySchema } from "./deployed-policy.ts";

export const knownHostSchema = z.object({
  nid: z.string(),
  kind: z.enum(["local", "ssh"]),
  target: z.string(),
  port: z.int().optional(),
  hostKey: z.string(),
  /** Made by Terraform: once it is gone from the state, there is nothing to take the mesh off. */
  droplet: z.literal(true).optional(),
});
export type KnownHost = z.infer<typeof knownHostSchema>;

const recordSchema = z.object({
  at: z.number(),
  by: z.string(),
  release: z.string(),
  commit: z.string().optional(),
  hosts: z.record(z.string(), knownHostSchema).optional(),
  policy: keptPolicySchema.optional().catch(undefined),
});
export type KeptRecord = z.infer<typeof recordSchema>;

/** Records that this version understands, newest first. */
export function readRecords(records: readonly Record<string, unknown>[]): readonly KeptRecord[] {
  return records
    .flatMap((record) => {
      const parsed = recordSchema.safeParse(record);
      return parsed.success ? [parsed.data] : [];
    })
    .toSorted((left, right) => right.at - left.at);
}

/** The newest word on where the hosts are, by member name. */
export function knownHosts(records: readonly KeptRecord[]): Readonly<Record<string, KnownHost>> {
  return records.find(({ hosts }) => hosts !== undefined)?.hosts ?? {};
}

/** The newest word on which policy was deployed. */
export function knownPolicy(records: readonly KeptRecord[]): KeptPolicy | undefined {
  return records.find(({ policy }) => policy !== undefined)?.policy;
}

/**
 * Those of `known` that are hosts of `members`, by name. The records are the coordinator's word and signed by nobody: a host key
 * counts only where it is the one that the member's grant names, or tm would log in wherever a coordinator likes.
 */
export function trustedHosts(
  known: Readonly<Record<string, KnownHost>>,
  members: Iterable<Pick<Member, "name" | "sshPublicKey">>,
): Readonly<Record<string, KnownHost>> {
  const trusted: [string, KnownHost][] = [];
  for (const { name, sshPublicKey } of members) {
    const host = Object.hasOwn(known, name) ? known[name] : undefined;
    if (host?.hostKey === sshPublicKey) trusted.push([name, host]);
  }
  return Object.fromEntries(trusted);
}

/** What to keep of a host that was just reached. */
export function knownHost(nid: string, host: HostModel, connection: HostConnection): KnownHost {
  return {
    nid,
    kind: host.kind === "local" ? "local" : "ssh",
    target: connection.target,
    hostKey: connection.hostKey,
    ...(host.kind === "droplet" ? { droplet: true as const } : {}),
    ...(host.kind === "ssh" && host.port !== undefined ? { port: host.port } : {}),
  };
}
