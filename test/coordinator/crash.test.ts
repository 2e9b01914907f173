// kill -9 in the midst of registrations: nothing that was acknowledged is lost, and no address is given twice.
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Ipv4Address, NodeId } from "../../protocol/brand.ts";
import type { Reservation } from "../../protocol/control/admin.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import { nodeIdOf } from "../../protocol/trust/ssh-public-key.ts";
import { grantItem, type Party, party } from "../protocol/trust/mesh.ts";
import { genesis, view } from "./fixture.ts";
import { CoordinatorProcess } from "./process.ts";

const kills = 4;
const workers = 4;

let coordinator: CoordinatorProcess;
beforeEach(async () => {
  coordinator = new CoordinatorProcess(view, [genesis]);
  await coordinator.start();
});
afterEach(() => coordinator.remove());

class Acknowledged {
  readonly reservations: Reservation[] = [];
  readonly grants: SignedItem[] = [];
}

/** Reserves and submits for one new node after the other until the coordinator dies; gives what was acknowledged. */
async function register(next: () => Party, acknowledged: Acknowledged): Promise<void> {
  for (;;) {
    const who = next();
    const nid: NodeId = nodeIdOf(who.signer.publicKey);
    const alive = await coordinator
      .reserve(nid, who.name)
      .then(async (reservation) => {
        const grant = grantItem(view, who, { ip4: reservation.ip4 as Ipv4Address });
        acknowledged.reservations.push(reservation);
        await coordinator.submit(grant);
        acknowledged.grants.push(grant);
        return true;
      })
      .catch(() => false);
    if (!alive) return;
  }
}

it("keeps every acknowledged reservation and grant through kills", async () => {
  const acknowledged = new Acknowledged();
  let count = 0;
  const next = (): Party => party(`node-${count++}`);
  for (let kill = 0; kill < kills; kill += 1) {
    const before = acknowledged.reservations.length;
    const running = Array.from({ length: workers }, () => register(next, acknowledged));
    // The moment of death moves through the work: a few answers more each time.
    await expect
      .poll(() => acknowledged.reservations.length, { timeout: 10_000, interval: 3 })
      .toBeGreaterThan(before + 5 + 3 * kill);
    await coordinator.stop("SIGKILL");
    await Promise.all(running);
    await coordinator.start();
  }
  const { items } = await coordinator.ask<{ items: SignedItem[] }>({ method: "items" });
  const kept = new Set(items.map((item) => item.body));
  const owners = new Map<string, string>();
  for (const reservation of acknowledged.reservations) {
    const { nid, name, ip4 } = reservation;
    expect(await coordinator.reserve(nid, name)).toEqual(reservation);
    expect(owners.get(ip4) ?? nid).toBe(nid);
    owners.set(ip4, nid);
  }
  expect(acknowledged.grants.filter((grant) => !kept.has(grant.body))).toEqual([]);
  expect(acknowledged.grants.length).toBeGreaterThan(kills);
  expect(owners.size).toBeGreaterThan(kills * 5);
  const fresh = await coordinator.reserve("ee".repeat(32), "fresh");
  expect(owners.has(fresh.ip4)).toBe(false);
});
