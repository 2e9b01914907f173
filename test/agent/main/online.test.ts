// Two agents and a real coordinator, each a process of its own, on loopback and without TUN devices.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { keyPairOf } from "../../../protocol/noise/primitives.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { formatMeshFile } from "../../../protocol/trust/mesh-file.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { admin, genesisItem, grantItem, logItem, openedView } from "../../protocol/trust/mesh.ts";
import {
  askSocket,
  checkout,
  installHost,
  makeHost,
  type RunningAgent,
  startProcess,
  type TestHost,
  until,
} from "./host.ts";

const mesh = "demo-dev";
const secret = "cd".repeat(32);
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

function host(name: string): TestHost {
  const made = makeHost(name);
  cleanups.push(() => made.remove());
  return made;
}

function agentOn(on: TestHost): RunningAgent {
  const agent = startProcess(on, mesh);
  cleanups.push(() => agent.stop("SIGKILL"));
  return agent;
}

interface RunningCoordinator {
  readonly socket: string;
  kill(): Promise<void>;
}

function coordinatorOn(on: TestHost): RunningCoordinator {
  const args = ["--conditions=tunnelmesh-source", path.join(checkout, "coordinator/main.ts")];
  const child: ChildProcess = spawn(process.execPath, [...args, "run", "--mesh", mesh, "--root", on.root], {
    stdio: "ignore",
    env: { ...process.env, NOTIFY_SOCKET: undefined },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  cleanups.push(kill);
  return { socket: path.join(on.root, hostPaths(mesh).coordinatorSocket), kill };
}

describe("two agents and their coordinator", () => {
  it("see each other, follow a revocation, and find each other again when it is gone", async () => {
    const [hub, alpha, beta] = [host("hub"), host("alpha"), host("beta")];
    const port = await freePort();
    const paths = hostPaths(mesh);
    const channelKey = Buffer.alloc(32, 7);
    const put = (file: string, text: string): void => {
      mkdirSync(path.dirname(path.join(hub.root, file)), { recursive: true });
      writeFileSync(path.join(hub.root, file), text);
    };
    const opened = openedView();
    const key = Buffer.from(keyPairOf(channelKey).publicKey).toString("hex");
    const set = logItem(opened, { type: "coord.set", key, urls: [`ws://127.0.0.1:${port}`] });
    const items: SignedItem[] = [
      genesisItem(),
      set,
      grantItem(opened, alpha.party, { ip4: "100.64.0.1" as never }),
      grantItem(opened, beta.party, { ip4: "100.64.0.2" as never }),
    ];
    put(
      paths.coordinatorConfiguration,
      JSON.stringify({ v: 1, mesh, meshId: opened.meshId, listen: { host: "127.0.0.1", port } }),
    );
    put(paths.meshFile, formatMeshFile(items));
    put(`${paths.coordinatorState}/key.json`, JSON.stringify({ v: 1, key: channelKey.toString("hex") }));
    // The agents know no more than the genesis, the coordinator and their own grant.
    installHost(alpha, mesh, opened.meshId, [items[0]!, set, items[2]!], secret);
    installHost(beta, mesh, opened.meshId, [items[0]!, set, items[3]!], secret);
    const coordinator = coordinatorOn(hub);
    const [one, two] = [agentOn(alpha), agentOn(beta)];
    const seen = await until(one.peers, ([peer]) => peer?.online === true);
    expect(seen).toMatchObject([{ name: "beta", ip4: "100.64.0.2" }]);
    await until(two.peers, ([peer]) => peer?.name === "alpha" && peer.online);
    expect((await one.status()).coordinator).toEqual({ state: "connected", url: `ws://127.0.0.1:${port}` });
    expect((await one.status()).alarms).toEqual([]);

    // A third member, granted while everybody runs.
    const view = applyItems(opened, items, 1).view;
    const gamma = host("gamma");
    const grant = grantItem(view, gamma.party, { ip4: "100.64.0.3" as never });
    installHost(gamma, mesh, opened.meshId, [items[0]!, set], secret);
    const three = agentOn(gamma);
    await until(three.status, ({ state }) => state === "waiting-for-grant");
    await askSocket(coordinator.socket, { method: "submit", items: [grant] });
    await until(three.status, ({ state, coordinator: link }) => state === "up" && link.state === "connected");
    await until(one.peers, (peers) => peers.some(({ name, online }) => name === "gamma" && online));

    const revoke = logItem(view, { type: "node.revoke", nid: seen[0]!.nid as never, seq: 1 }, [admin]);
    await askSocket(coordinator.socket, { method: "submit", items: [revoke] });
    await until(one.peers, (peers) => peers.length === 1 && peers[0]?.name === "gamma");
    expect(await one.status()).toMatchObject({ head: { seq: 2 } });

    await coordinator.kill();
    await until(one.status, ({ coordinator: link }) => link.state === "connecting");
    expect((await one.status()).state).toBe("up");
    await one.stop("SIGKILL");
    const again = agentOn(alpha);
    await until(again.peers, (peers) => peers.length === 1 && peers[0]?.name === "gamma");
    expect((await again.status()).head.seq).toBe(2);
    expect(readFileSync(path.join(alpha.root, paths.agentState, "map.jsonl"), "utf8")).toContain("node.revoke");
    expect(again.output() + one.output()).not.toContain(secret);
  });
});
