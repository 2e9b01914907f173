// Where each member's host was reached last: kept with the deploy records at the coordinator, so that any laptop finds a host again.
import { z } from "zod";
import type { HostModel } from "../../../constructs/model.ts";
import type { HostConnection } from "../ssh/connection.ts";

const knownHostSchema = z.object({
  nid: z.string(),
  kind: z.enum(["local", "ssh"]),
  target: z.string(),
  port: z.int().optional(),
  hostKey: z.string(),
});
export type KnownHost = z.infer<typeof knownHostSchema>;

const recordSchema = z.object({
  at: z.number(),
  by: z.string(),
  release: z.string(),
  commit: z.string().optional(),
  hosts: z.record(z.string(), knownHostSchema).optional(),
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

/** What to keep of a host that was just reached. */
export function knownHost(nid: string, host: HostModel, connection: HostConnection): KnownHost {
  return {
    nid,
    kind: host.kind === "local" ? "local" : "ssh",
    target: connection.target,
    hostKey: connection.hostKey,
    ...(host.kind === "ssh" && host.port !== undefined ? { port: host.port } : {}),
  };
}
