// The agent as a process, with no coordinator: it comes up from what is on disk and stops cleanly.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { genesisItem, grantItem, keysItem, logItem, openedView } from "../../protocol/trust/mesh.ts";
import { installHost, makeHost, type RunningAgent, startProcess, type TestHost, until } from "./host.ts";

const mesh = "demo-dev";
const secret = "ab".repeat(32);
const coordinator = { type: "coord.set", key: `09${"00".repeat(31)}`, urls: ["ws://127.0.0.1:9"] } as const;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function host(name: string, kind?: string): TestHost {
  const made = makeHost(name, kind);
  cleanups.push(() => made.remove());
  return made;
}

function start(on: TestHost, command?: string): RunningAgent {
  const agent = startProcess(on, mesh, command);
  cleanups.push(() => agent.stop("SIGKILL"));
  return agent;
}

describe("an agent without its coordinator", () => {
  it("has its peers from the map on disk, and keeps its keys' seq over restarts", async () => {
    const [alpha, beta] = [host("alpha"), host("beta")];
    const view = openedView();
    const items = [
      genesisItem(),
      logItem(view, coordinator),
      grantItem(view, alpha.party, { ip4: "100.64.0.1" as never }),
      grantItem(view, beta.party, { ip4: "100.64.0.2" as never }),
    ];
    installHost(alpha, mesh, view.meshId, items, secret);
    const full = applyItems(view, [...items, keysItem(view, beta.party)], 1).view;
    const paths = hostPaths(mesh);
    const first = start(alpha);
    const status = await until(first.status, ({ state }) => state === "up");
    expect(status).toMatchObject({ mesh, name: "alpha", ip4: "100.64.0.1", head: { seq: 1, hash: full.head.hash } });
    expect(status.coordinator.state).toBe("connecting");
    expect(await first.peers()).toEqual([]);
    expect(statSync(path.join(alpha.root, paths.agentSocket)).mode & 0o777).toBe(0o660);
    expect(await first.stop()).toBe(0);
    expect(existsSync(path.join(alpha.root, paths.agentSocket))).toBe(false);
    const map = path.join(alpha.root, paths.agentState, "map.jsonl");
    writeFileSync(map, `${readFileSync(map, "utf8")}${JSON.stringify(keysItem(view, beta.party))}\n`);
    const keys = readFileSync(path.join(alpha.root, paths.agentState, "keys.json"), "utf8");
    const second = start(alpha);
    const peers = await until(second.peers, ({ length }) => length === 1);
    expect(peers[0]).toMatchObject({ name: "beta", ip4: "100.64.0.2", online: false });
    expect(readFileSync(path.join(alpha.root, paths.agentState, "keys.json"), "utf8")).toBe(keys);
    await expect(second.ask({ method: "ping", peer: "gamma", count: 1 })).rejects.toThrow("TM_AGENT_UNKNOWN_PEER");
    expect(await second.ask({ method: "ping", peer: "beta.mesh", count: 2 })).toMatchObject({
      roundTrips: [null, null],
    });
    expect(second.output()).not.toContain(secret);
    const intruder = start(alpha);
    expect(await new Promise((resolve) => intruder.process.once("exit", resolve))).toBe(1);
    expect(intruder.output()).toContain("TM_AGENT_ALREADY_RUNNING");
    await second.ask({ method: "leave" });
    expect(await second.stop("SIGCONT")).toBe(0);
  });

  it("waits for its grant, and says when it was revoked", async () => {
    const alpha = host("alpha");
    const view = openedView();
    installHost(alpha, mesh, view.meshId, [genesisItem()], secret);
    const waiting = start(alpha);
    expect((await until(waiting.status, () => true)).state).toBe("waiting-for-grant");
    await waiting.stop("SIGKILL");
    const nid = JSON.parse(readFileSync(path.join(alpha.root, hostPaths(mesh).agentConfiguration), "utf8")).nid;
    const revoke = logItem(view, { type: "node.revoke", nid, seq: 1 });
    installHost(alpha, mesh, view.meshId, [genesisItem(), revoke, grantItem(view, alpha.party)], secret);
    const refused = start(alpha);
    expect((await until(refused.status, () => true)).state).toBe("refused");
  });

  it("ends with 78 when the host key is another one", async () => {
    const [alpha, beta] = [host("alpha"), host("beta")];
    const view = openedView();
    installHost(alpha, mesh, view.meshId, [genesisItem()], secret);
    writeFileSync(alpha.keyFile, readFileSync(beta.keyFile));
    const agent = start(alpha);
    expect(await new Promise((resolve) => agent.process.once("exit", resolve))).toBe(78);
    expect(agent.output()).toContain("TM_AGENT_IDENTITY_CHANGED");
    expect(agent.output()).toContain("tm rekey NODE");
  });

  it("binds random keys to an ECDSA host key, the same after a restart", async () => {
    const alpha = host("alpha", "ecdsa");
    const view = openedView();
    installHost(alpha, mesh, view.meshId, [genesisItem(), grantItem(view, alpha.party)], secret);
    const bound = path.join(alpha.root, hostPaths(mesh).agentState, "identity.json");
    const first = start(alpha);
    await until(first.status, ({ state }) => state === "up");
    await first.stop();
    expect(statSync(bound).mode & 0o777).toBe(0o600);
    const before = readFileSync(bound, "utf8");
    const second = start(alpha);
    const { items } = (await until(
      async () => (await second.ask({ method: "items" })) as { items: { body: string }[] },
      (answer) => answer.items.length === 3,
    )) as { items: { body: string }[] };
    expect(items[2]?.body).toContain('"x25519"');
    expect(readFileSync(bound, "utf8")).toBe(before);
  });
});

describe("network-secret", () => {
  it("makes generation 1 once, 0600, and prints nothing", async () => {
    const alpha = host("alpha");
    const view = openedView();
    installHost(alpha, mesh, view.meshId, [genesisItem()], secret);
    const file = path.join(alpha.root, hostPaths(mesh).networkSecret);
    rmSync(file);
    for (const round of [1, 2]) {
      const made = start(alpha, "network-secret");
      expect(await new Promise((resolve) => made.process.once("exit", resolve)), `round ${round}`).toBe(0);
      expect(made.output()).toBe("");
    }
    const { generations } = JSON.parse(readFileSync(file, "utf8")) as {
      generations: { gen: number; secret: string }[];
    };
    expect(generations).toEqual([{ gen: 1, secret: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
