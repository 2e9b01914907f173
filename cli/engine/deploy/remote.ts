// The coordinator's admin socket as a deploy uses it: items, reservations, lease, records, each with its schema.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import os from "node:os";
import { z } from "zod";
import type { NodeId } from "../../../protocol/brand.ts";
import {
  type AdminRequest,
  type CoordinatorStatus,
  coordinatorStatusSchema,
  leaseReplySchema,
  type Reservation,
  reservationSchema,
  submitReplySchema,
} from "../../../protocol/control/admin.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { type SignedItem, signedItemSchema } from "../../../protocol/trust/item.ts";
import { isRunning } from "../trust/lock.ts";
import type { ReservedNames } from "./reserved.ts";

/** One request over the forwarded socket; gives the reply's result. */
export type AdminCall = (request: AdminRequest) => Promise<unknown>;

/** Answer of `items` on both sockets. */
export const itemsReplySchema = z.object({ items: z.array(signedItemSchema) });
const historyReplySchema = z.object({ records: z.array(z.record(z.string(), z.unknown())) });
/** Items of one submit: well below what the socket takes in one line. */
const submitChunk = 256;
const renewEvery = 20_000;

export type LeaseHolder = Extract<AdminRequest, { method: "lease.acquire" }>["holder"];

export interface Lease {
  release(): Promise<void>;
  /** Stops renewing and says who holds it: the next connection of this run takes it from here. */
  handOver(): LeaseHolder;
}

export interface Coordinator {
  status(): Promise<CoordinatorStatus>;
  items(): Promise<readonly SignedItem[]>;
  submit(items: readonly SignedItem[]): Promise<void>;
  /** @param ip4 the address to reserve; the lowest free one when left out */
  reserve(nid: NodeId, name: string, ip4?: string): Promise<Reservation>;
  release(nid: NodeId): Promise<void>;
  /** Names and addresses that only a token made for them may give. Replaces the list. */
  setReserved(reserved: ReservedNames): Promise<void>;
  /**
   * Takes the deploy lease and renews it until released.
   * @param holder who has it already, from another connection of the same run
   * @throws TunnelMeshError TM_DEPLOY_LEASE_HELD
   */
  lease(holder?: LeaseHolder): Promise<Lease>;
  breakLease(): Promise<{ readonly name: string; readonly machine: string; readonly pid: number } | undefined>;
  record(record: Record<string, unknown>): Promise<void>;
  history(): Promise<readonly Record<string, unknown>[]>;
}

/** Wraps the socket of a coordinator. `lastCall` gives the lease back: it must work after the run was interrupted too. */
export function openCoordinator(call: AdminCall, lastCall: AdminCall = call): Coordinator {
  return {
    status: async () => coordinatorStatusSchema.parse(await call({ method: "status" })),
    items: async () => itemsReplySchema.parse(await call({ method: "items" })).items,
    submit: (items) => submitItems(call, items),
    reserve: async (nid, name, ip4) =>
      reservationSchema.parse(await call({ method: "reserve", nid, name, ...(ip4 === undefined ? {} : { ip4 }) })),
    setReserved: (reserved) => setReserved(call, reserved),
    release: async (nid) => void (await call({ method: "release", nid })),
    lease: (holder) => takeLease(call, lastCall, holder),
    async breakLease() {
      const reply = z
        .object({ holder: z.object({ name: z.string(), machine: z.string(), pid: z.int() }).optional() })
        .parse((await call({ method: "lease.break" })) ?? {});
      return reply.holder;
    },
    record: async (record) => void (await call({ method: "deploy.record", record })),
    history: async () => historyReplySchema.parse(await call({ method: "deploy.history" })).records,
  };
}

async function setReserved(call: AdminCall, { names, ip4s }: ReservedNames): Promise<void> {
  try {
    await call({ method: "reserved.set", names: [...names], ip4s: [...ip4s] });
  } catch (error) {
    // A release from before tokens has no such request, and nobody who could take a name by one.
    const unknown = isTunnelMeshError(error) && error.detail?.includes("TM_COORDINATION_REQUEST") === true;
    if (!unknown) throw error;
  }
}

async function submitItems(call: AdminCall, items: readonly SignedItem[]): Promise<void> {
  for (let start = 0; start < items.length; start += submitChunk) {
    const chunk = items.slice(start, start + submitChunk);
    const { verdicts } = submitReplySchema.parse(await call({ method: "submit", items: chunk }));
    const refused = verdicts.find((verdict) => !verdict.accepted && !verdict.known);
    if (refused !== undefined)
      throw new TunnelMeshError("TM_DEPLOY_REFUSED", { detail: refused.reason ?? "no reason given" });
  }
}

async function takeLease(call: AdminCall, lastCall: AdminCall, given?: LeaseHolder): Promise<Lease> {
  const holder = given ?? (await ownHolder());
  const acquire = async (): Promise<void> => {
    const ask = async (deadProcess: boolean) =>
      leaseReplySchema.parse(await call({ method: "lease.acquire", holder, deadProcess }));
    let reply = await ask(false);
    // A deploy of this machine that was killed left its lease behind: it is taken over at once (life.md §9).
    const left = reply.holder.machine === holder.machine && !isRunning(reply.holder.pid);
    if (!reply.granted && left) reply = await ask(true);
    if (reply.granted) return;
    const until = new Date(reply.expires).toISOString().slice(11, 19);
    throw new TunnelMeshError("TM_DEPLOY_LEASE_HELD", {
      detail: `${reply.holder.name}, until ${until} UTC unless renewed`,
    });
  };
  await acquire();
  let failure: unknown;
  const timer = setInterval(() => {
    acquire().then(
      () => {
        failure = undefined;
      },
      (error: unknown) => {
        failure = error;
      },
    );
  }, renewEvery);
  return {
    async release() {
      clearInterval(timer);
      if (failure !== undefined) throw failure;
      await lastCall({ method: "lease.release", id: holder.id });
    },
    handOver() {
      clearInterval(timer);
      return holder;
    },
  };
}

async function ownHolder(): Promise<LeaseHolder> {
  const machine = await readFile("/etc/machine-id", "utf8").then(
    (text) => text.trim(),
    () => os.hostname(),
  );
  return {
    name: `${os.userInfo().username}@${os.hostname()}`,
    machine,
    pid: process.pid,
    id: randomBytes(16).toString("hex"),
  };
}
