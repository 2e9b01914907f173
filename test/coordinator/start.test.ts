// Starting: both address families, from the store alone, and clear codes for what keeps a coordinator from starting.

import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostPaths } from "../../protocol/host/paths.ts";
import { formatMeshFile } from "../../protocol/trust/mesh-file.ts";
import { genesisItem, openedView } from "../protocol/trust/mesh.ts";
import { alice, bob, genesis, view } from "./fixture.ts";
import { CoordinatorProcess } from "./process.ts";

const paths = hostPaths(view.name);
let coordinator: CoordinatorProcess;
beforeEach(() => {
  coordinator = new CoordinatorProcess(view, [genesis, alice.grant]);
});
afterEach(() => coordinator.remove());

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));

describe("a coordinator", () => {
  it("listens on both address families where the host has both", async () => {
    coordinator.host = "::";
    await coordinator.start();
    for (const host of hasIpv6 ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"]) {
      expect((await fetch(`http://${host}:${coordinator.port}/healthz`)).status).toBe(200);
    }
  });

  it("needs the installed mesh file only once, and takes what a later one adds", async () => {
    await coordinator.start();
    await coordinator.stop();
    rmSync(coordinator.place(paths.meshFile));
    await coordinator.start();
    expect((await coordinator.status()).members).toBe(1);
    await coordinator.stop();
    writeFileSync(coordinator.place(paths.meshFile), formatMeshFile([genesis, bob.grant]));
    await coordinator.start();
    expect((await coordinator.status()).members).toBe(2);
  });

  it("does not start without a genesis, or with one of another mesh", async () => {
    rmSync(coordinator.place(paths.meshFile));
    await expect(coordinator.start()).rejects.toThrow("TM_COORDINATION_OTHER_MESH");
    const other = genesisItem({ nonce: "33".repeat(32) });
    writeFileSync(coordinator.place(paths.meshFile), `${JSON.stringify(other)}\n`);
    await expect(coordinator.start()).rejects.toThrow("TM_COORDINATION_OTHER_MESH");
    expect(openedView(other).meshId).not.toBe(view.meshId);
  });

  it("says what is wrong with its files, and when its port is taken", async () => {
    writeFileSync(coordinator.place(paths.meshFile), "<<<<<<< HEAD\n");
    await expect(coordinator.start()).rejects.toThrow("line 1: an unresolved git conflict");
    const taken = createServer().listen(coordinator.port, "127.0.0.1");
    try {
      writeFileSync(coordinator.place(paths.meshFile), `${JSON.stringify(genesis)}\n`);
      await expect(coordinator.start()).rejects.toThrow("TM_COORDINATION_LISTEN");
    } finally {
      taken.close();
    }
  });
});
