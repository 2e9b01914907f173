// What the admin socket answers: each method of protocol/control/admin.ts on the registry and its store.
import type { z } from "zod";
import type { adminRequestSchema, CoordinatorStatus } from "../../protocol/control/admin.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { listTokens } from "../../protocol/trust/token-list.ts";
import type { Counters } from "../counters.ts";
import { decideLease } from "../membership/lease.ts";
import type { Registry } from "../membership/registry.ts";
import { reserve } from "../membership/reserve.ts";

type Request = z.infer<typeof adminRequestSchema>;

export interface AdminContext {
  readonly registry: Registry;
  readonly counters: Counters;
  /** Coordinator channel public key, 64 hexadecimal digits. */
  readonly key: string;
  readonly release: string;
  /** Node ids of connected members. */
  readonly connected: () => readonly string[];
  /** Milliseconds since the start. */
  readonly uptime: () => number;
  /** Unix milliseconds. */
  readonly wallClock: () => number;
}

/** JSON bytes of one deploy record. */
const recordLimit = 64 * 1024;

/** Answers one request; durable where it changes something. @throws TunnelMeshError what the caller should read */
export async function answerAdmin(context: AdminContext, request: Request): Promise<unknown> {
  const { registry } = context;
  const { store } = registry;
  switch (request.method) {
    case "status":
      return describe(context);
    case "items":
      return { items: registry.map.items() };
    case "reserve":
      return reserve(registry, request);
    case "release":
      return { released: await registry.exclusively(() => store.removeReservation(request.nid)) };
    case "reserved.set":
      return registry.exclusively(async () => {
        await store.setReserved({ names: request.names, ip4s: request.ip4s });
        return {};
      });
    case "tokens":
      return { tokens: listTokens(registry.view, Math.floor(context.wallClock() / 1000)) };
    case "submit": {
      const verdicts = await registry.submit(request.items);
      return { verdicts, head: registry.view.head };
    }
    case "lease.acquire":
      return registry.exclusively(async () => {
        const { granted, lease } = decideLease(
          await store.lease(),
          request.holder,
          request.deadProcess,
          context.wallClock(),
        );
        if (granted) await store.setLease(lease);
        return { granted, holder: lease.holder, expires: lease.expires };
      });
    case "lease.release":
      return registry.exclusively(async () => {
        const released = (await store.lease())?.holder.id === request.id;
        if (released) await store.setLease(undefined);
        return { released };
      });
    case "lease.break":
      return registry.exclusively(async () => {
        const lease = await store.lease();
        await store.setLease(undefined);
        const held = lease !== undefined && lease.expires > context.wallClock();
        return held ? { broken: true, holder: lease.holder } : { broken: false };
      });
    case "deploy.record":
      if (Buffer.byteLength(JSON.stringify(request.record)) > recordLimit) {
        throw new TunnelMeshError("TM_COORDINATION_REQUEST", { detail: "a deploy record has at most 64 KiB" });
      }
      await registry.exclusively(() => store.addDeploy(request.record));
      return { recorded: true };
    case "deploy.history":
      return { records: await store.deploys() };
    default:
      return request satisfies never;
  }
}

function describe({ registry, counters, key, release, connected, uptime }: AdminContext): CoordinatorStatus {
  const { view, mapVersion } = registry;
  return {
    v: 1,
    mesh: view.name,
    meshId: view.meshId,
    key,
    release,
    head: view.head,
    mapVersion,
    members: view.members.size,
    connected: [...connected()],
    counters: counters.toJSON(),
    uptime: uptime(),
  };
}
