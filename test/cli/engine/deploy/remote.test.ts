// The deploy lease as a run holds it: given back also when the run was interrupted, and one failed renewal is no lost lease.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openCoordinator } from "../../../../cli/engine/deploy/remote.ts";
import type { AdminRequest } from "../../../../protocol/control/admin.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const expires = Date.UTC(2030, 0, 1);

/** A coordinator that grants every lease, until `broken` says what to throw. */
function granting() {
  const state = { broken: undefined as Error | undefined, asked: [] as string[] };
  const call = async (request: AdminRequest) => {
    state.asked.push(request.method);
    if (state.broken !== undefined) throw state.broken;
    return request.method === "lease.acquire" ? { granted: true, holder: request.holder, expires } : {};
  };
  return { state, call };
}

describe("a lease", () => {
  it("is given back on the way out, whatever has stopped the run", async () => {
    const { state, call } = granting();
    const last: string[] = [];
    const lease = await openCoordinator(call, async (request) => void last.push(request.method)).lease();
    state.broken = new Error("interrupted");
    await lease.release();
    expect(last).toEqual(["lease.release"]);
  });

  it("is lost only when the last renewal failed", async () => {
    const { state, call } = granting();
    const lease = await openCoordinator(call).lease();
    state.broken = new Error("the coordinator restarts");
    await vi.advanceTimersByTimeAsync(20_000);
    state.broken = undefined;
    await vi.advanceTimersByTimeAsync(20_000);
    await lease.release();
    expect(state.asked).toEqual(["lease.acquire", "lease.acquire", "lease.acquire", "lease.release"]);
  });

  it("that could not be renewed is an error", async () => {
    const { state, call } = granting();
    const lease = await openCoordinator(call).lease();
    state.broken = new Error("gone");
    await vi.advanceTimersByTimeAsync(20_000);
    await expect(lease.release()).rejects.toThrow("gone");
  });

  it("goes on to the next connection of a run under one holder, and is renewed there alone", async () => {
    const { state, call } = granting();
    const holders: unknown[] = [];
    const noting = async (request: AdminRequest) => {
      if (request.method === "lease.acquire") holders.push(request.holder.id);
      return call(request);
    };
    const early = await openCoordinator(noting).lease();
    await vi.advanceTimersByTimeAsync(20_000);
    const late = await openCoordinator(noting).lease(early.handOver());
    await vi.advanceTimersByTimeAsync(20_000);
    await late.release();
    expect(new Set(holders).size).toBe(1);
    expect(state.asked).toEqual([...Array(4).fill("lease.acquire"), "lease.release"]);
  });
});
