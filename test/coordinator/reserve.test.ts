// Reservations: whatever the order of requests, names and addresses are unique, stable, and the lowest free ones.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Registry } from "../../coordinator/membership/registry.ts";
import { reserve } from "../../coordinator/membership/reserve.ts";
import { openSqliteStore } from "../../coordinator/store/sqlite.ts";
import type { Ipv4Address } from "../../protocol/brand.ts";
import { isTunnelMeshError } from "../../protocol/errors/error.ts";
import { nodeIdOf } from "../../protocol/trust/ssh-public-key.ts";
import { genesisItem, grantItem, logItem, now, openedView, party } from "../protocol/trust/mesh.ts";

const nidOf = (index: number): string => index.toString(16).padStart(64, "0");
// 198.18.7.0/28 has 14 usable addresses at its edges: enough to run out within one run.
const genesis = genesisItem({ range: "198.18.7.0/28" });
const view = openedView(genesis);

async function withRegistry<T>(work: (registry: Registry) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), `tm-reserve-${process.pid}-`));
  const store = openSqliteStore(path.join(folder, "coordinator.db"));
  try {
    return await work(await Registry.open({ store, meshId: view.meshId, installed: [genesis], now: () => now }));
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "granted";
  } catch (error) {
    if (isTunnelMeshError(error)) return error.code;
    throw error;
  }
}

describe("reservations", () => {
  it("keep their invariants under any order of requests", async () => {
    const step = fc.record({
      node: fc.integer({ min: 0, max: 19 }),
      name: fc.constantFrom("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
      ip4: fc.option(
        fc.integer({ min: 0, max: 20 }).map((last) => `198.18.7.${last}`),
        { nil: undefined },
      ),
      action: fc.constantFrom("reserve", "reserve", "reserve", "release"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) =>
        withRegistry(async (registry) => {
          for (const { node, name, ip4, action } of steps) {
            const nid = nidOf(node);
            const before = await registry.store.reservations();
            if (action === "release") {
              await registry.store.removeReservation(nid);
              continue;
            }
            const outcome = await codeOf(reserve(registry, { nid, name, ip4 }));
            const after = await registry.store.reservations();
            expect(new Set(after.map((one) => one.name)).size).toBe(after.length);
            expect(new Set(after.map((one) => one.ip4)).size).toBe(after.length);
            if (outcome !== "granted") {
              expect(after).toEqual(before);
              continue;
            }
            const own = after.find((one) => one.nid === nid);
            expect(own?.name).toBe(name);
            if (ip4 !== undefined) expect(own?.ip4).toBe(ip4);
            const kept = before.find((one) => one.nid === nid)?.ip4;
            if (ip4 === undefined && kept !== undefined) expect(own?.ip4).toBe(kept);
            // Asked again, the answer is the same.
            expect(await reserve(registry, { nid, name })).toEqual(own);
          }
        }),
      ),
      { numRuns: 25 },
    );
  });

  it("give each of many at once another address, from the lowest up, and say when there is none", async () => {
    await withRegistry(async (registry) => {
      const asked = Array.from({ length: 14 }, (_, index) =>
        reserve(registry, { nid: nidOf(index), name: `n${index}` }),
      );
      const given = (await Promise.all(asked)).map((one) => one.ip4);
      expect(given).toEqual(Array.from({ length: 14 }, (_, index) => `198.18.7.${index + 1}`));
      const code = await codeOf(reserve(registry, { nid: nidOf(99), name: "late" }));
      expect(code).toBe("TM_COORDINATION_RANGE_FULL");
    });
  });

  it("respect what members hold, and let go when a member is revoked", async () => {
    await withRegistry(async (registry) => {
      const alice = party("alice");
      const nid = nodeIdOf(alice.signer.publicKey);
      await registry.submit([grantItem(view, alice, { ip4: "198.18.7.1" as Ipv4Address })]);
      expect((await reserve(registry, { nid, name: "alice" })).ip4).toBe("198.18.7.1");
      expect((await reserve(registry, { nid: nidOf(1), name: "one" })).ip4).toBe("198.18.7.2");
      const taken = reserve(registry, { nid: nidOf(2), name: "alice" });
      await expect(taken).rejects.toThrow("the name alice belongs to node");
      const address = reserve(registry, { nid: nidOf(2), name: "two", ip4: "198.18.7.1" });
      await expect(address).rejects.toThrow("the address 198.18.7.1 belongs to node");
      await registry.submit([logItem(view, { type: "node.revoke", nid, seq: 1 })]);
      expect(await reserve(registry, { nid: nidOf(2), name: "alice" })).toMatchObject({ ip4: "198.18.7.1" });
    });
  });

  it.each(["", "UPPER", "under_score", "-dash", "a.b", "x".repeat(64)])("refuse the name %j", async (name) => {
    await withRegistry(async (registry) => {
      expect(await codeOf(reserve(registry, { nid: nidOf(1), name }))).toBe("TM_COORDINATION_RESERVATION");
    });
  });

  it.each(["198.18.8.1", "fd00::1", "nonsense", "198.18.7.01"])("refuse the address %j", async (ip4) => {
    await withRegistry(async (registry) => {
      expect(await codeOf(reserve(registry, { nid: nidOf(1), name: "one", ip4 }))).toBe("TM_COORDINATION_RESERVATION");
    });
  });
});
