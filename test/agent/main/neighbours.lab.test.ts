// This release and the one before, as hosts have them, agents and coordinators in namespaces: map, tunnel, ping and relay in all pairings.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { AgentStatus, PeerStatus, PingReply } from "../../../protocol/control/agent.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { keyPairOf } from "../../../protocol/noise/primitives.ts";
import { formatMeshFile } from "../../../protocol/trust/mesh-file.ts";
import { presentPrograms, previousPrograms, writePrograms } from "../../e2e/host-programs.ts";
import { genesisItem, grantItem, logItem, openedView } from "../../protocol/trust/mesh.ts";
import { askSocket, installHost, makeHost, type TestHost, until } from "./host.ts";

const mesh = "demo-dev";
const paths = hostPaths(mesh);
const versions = { old: "0.1.0", new: "9.9.9" } as const;
type Age = keyof typeof versions;

const folder = mkdtempSync(path.join(tmpdir(), "tm-neighbours-"));
const cleanups: (() => unknown)[] = [];
const spaces = { hub: `tmn${process.pid}h`, alpha: `tmn${process.pid}a`, beta: `tmn${process.pid}b` } as const;
const ip = (...args: string[]) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
const inside = (name: keyof typeof spaces, ...command: string[]) =>
  execFileSync("ip", ["netns", "exec", spaces[name], ...command], { encoding: "utf8", timeout: 20_000 });

beforeAll(async () => {
  const require = createRequire(import.meta.url);
  const library = path.join(
    path.dirname(require.resolve("@koromix/koffi-linux-x64/package.json")),
    "linux_x64/koffi.node",
  );
  const content = { old: previousPrograms(), new: await presentPrograms(versions.new) };
  for (const age of ["old", "new"] as const) {
    writePrograms(path.join(folder, age), versions[age], content[age]);
    copyFileSync(library, path.join(folder, age, "koffi.node"));
  }
  for (const space of Object.values(spaces)) {
    ip("netns", "add", space);
    ip("-n", space, "link", "set", "lo", "up");
  }
  ip("-n", spaces.hub, "link", "add", "br0", "type", "bridge");
  ip("-n", spaces.hub, "addr", "add", "198.18.78.1/24", "dev", "br0");
  ip("-n", spaces.hub, "link", "set", "br0", "up");
  for (const [name, address] of [
    ["alpha", "198.18.78.2/24"],
    ["beta", "198.18.78.3/24"],
  ] as const) {
    ip("-n", spaces.hub, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", spaces[name]);
    ip("-n", spaces.hub, "link", "set", name, "master", "br0", "up");
    ip("-n", spaces[name], "addr", "add", address, "dev", "eth0");
    ip("-n", spaces[name], "link", "set", "eth0", "up");
  }
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
afterAll(() => {
  for (const space of Object.values(spaces)) ip("netns", "del", space);
  rmSync(folder, { recursive: true, force: true });
});

function start(name: keyof typeof spaces, program: "agent" | "coordinator", age: Age, root: string): void {
  const args = [path.join(folder, age, `${program}.mjs`), "run", "--mesh", mesh, "--root", root];
  const child: ChildProcess = spawn("ip", ["netns", "exec", spaces[name], process.execPath, ...args], {
    stdio: "ignore",
    env: { ...process.env, NOTIFY_SOCKET: undefined },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  cleanups.push(async () => {
    child.kill("SIGTERM");
    await ended;
  });
}

function host(name: string): TestHost {
  const made = makeHost(name);
  cleanups.push(() => made.remove());
  mkdirSync(path.join(made.root, "etc"), { recursive: true });
  writeFileSync(path.join(made.root, "etc/resolv.conf"), "nameserver 198.18.78.1\n");
  return made;
}

function startMesh(ages: Readonly<Record<keyof typeof spaces, Age>>): { alpha: TestHost; beta: TestHost } {
  const [hub, alpha, beta] = [host("hub"), host("alpha"), host("beta")];
  const channelKey = Buffer.alloc(32, 7);
  const opened = openedView();
  const key = Buffer.from(keyPairOf(channelKey).publicKey).toString("hex");
  const set = logItem(opened, { type: "coord.set", key, urls: ["ws://198.18.78.1:8443"] });
  const grants = [
    grantItem(opened, alpha.party, { name: "alpha", ip4: "100.64.0.1" as never }),
    grantItem(opened, beta.party, { name: "beta", ip4: "100.64.0.2" as never }),
  ] as const;
  const put = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(hub.root, file)), { recursive: true });
    writeFileSync(path.join(hub.root, file), text);
  };
  const listen = { host: "198.18.78.1", port: 8443 };
  put(paths.coordinatorConfiguration, JSON.stringify({ v: 1, mesh, meshId: opened.meshId, listen }));
  put(paths.meshFile, formatMeshFile([genesisItem(), set, ...grants]));
  put(`${paths.coordinatorState}/key.json`, JSON.stringify({ v: 1, key: channelKey.toString("hex") }));
  // Agents know the genesis and the coordinator; each other and the keys they learn from it.
  for (const one of [alpha, beta]) installHost(one, mesh, opened.meshId, [genesisItem(), set], "ab".repeat(32));
  start("hub", "coordinator", ages.hub, hub.root);
  start("alpha", "agent", ages.alpha, alpha.root);
  start("beta", "agent", ages.beta, beta.root);
  return { alpha, beta };
}

const ask = async <T>(on: TestHost, request: unknown): Promise<T> =>
  (await askSocket(path.join(on.root, paths.agentSocket), request)) as T;

describe("the release before and this one", () => {
  it.each<readonly [Age, Age, Age]>([
    ["new", "old", "new"],
    ["old", "new", "old"],
  ])("%s coordinator, %s and %s agents", async (hub, one, other) => {
    const { alpha, beta } = startMesh({ hub, alpha: one, beta: other });
    for (const [on, age] of [
      [alpha, one],
      [beta, other],
    ] as const) {
      const status = await until(
        () => ask<AgentStatus>(on, { method: "status" }),
        ({ state, coordinator }) => state === "up" && coordinator.state === "connected",
      );
      expect(status.release).toBe(versions[age]);
      expect(status.alarms).toEqual([]);
    }
    const pathOf = async () => (await ask<PeerStatus[]>(alpha, { method: "peers" }))[0]?.path.kind;
    await until(async () => inside("alpha", "ping", "-c", "1", "-W", "2", "100.64.0.2"), Boolean);
    await until(pathOf, (kind) => kind === "direct");
    const reply = await ask<PingReply>(beta, { method: "ping", peer: "alpha", count: 2 });
    expect(reply.roundTrips.every((trip) => trip !== null)).toBe(true);

    const block =
      "add table inet b; add chain inet b i { type filter hook input priority 0; }; add rule inet b i udp dport 51820 drop";
    inside("beta", "nft", block);
    cleanups.push(() => inside("beta", "nft", "delete table inet b"));
    await until(async () => inside("alpha", "ping", "-c", "1", "-W", "2", "100.64.0.2"), Boolean);
    await until(pathOf, (kind) => kind === "relay");
    expect(inside("beta", "ping", "-c", "2", "-W", "5", "100.64.0.1")).toContain(" 0% packet loss");
  });
});
