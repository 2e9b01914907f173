// Two agents with TUN devices in namespaces of their own: they ping each other by name, and leave DNS as it was.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { genesisItem, grantItem, keysItem, openedView } from "../../protocol/trust/mesh.ts";
import { installHost, makeHost, type RunningAgent, startIn, type TestHost, until } from "./host.ts";

const mesh = "demo-dev";
const secret = "ab".repeat(32);
const cleanups: (() => unknown)[] = [];
const resolv = "# the host's own\nnameserver 198.18.77.1\n";

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

interface LabHost {
  readonly host: TestHost;
  readonly space: string;
  readonly resolver: string;
  run(...command: string[]): string;
  start(): RunningAgent;
}

/** A namespace with a resolv.conf of its own, bound over the machine's as `ip netns exec` does. */
function labHost(name: string): LabHost {
  const space = `tma${process.pid}${name}`;
  const host = makeHost(name);
  const folder = path.join("/etc/netns", space);
  cleanups.push(() => {
    rmSync(folder, { recursive: true, force: true });
    host.remove();
  });
  mkdirSync(folder, { recursive: true });
  const resolver = path.join(folder, "resolv.conf");
  writeFileSync(resolver, resolv);
  mkdirSync(path.join(host.root, "etc"), { recursive: true });
  symlinkSync("/etc/resolv.conf", path.join(host.root, "etc/resolv.conf"));
  ip("netns", "add", space);
  cleanups.push(() => ip("netns", "del", space));
  ip("-n", space, "link", "set", "lo", "up");
  const inside = ["ip", "netns", "exec", space];
  return {
    host,
    space,
    resolver,
    run: (...command) =>
      execFileSync(inside[0]!, [...inside.slice(1), ...command], { encoding: "utf8", timeout: 20_000 }),
    start: () => {
      const agent = startIn(inside, host, mesh, ["run"]);
      cleanups.push(() => agent.stop("SIGKILL"));
      return agent;
    },
  };
}

describe("two hosts without a coordinator", () => {
  it("ping each other by name; stop and repair leave DNS as it was", async () => {
    const [alpha, beta] = [labHost("a"), labHost("b")];
    ip("-n", alpha.space, "link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns", beta.space);
    for (const [one, address] of [
      [alpha, "198.18.77.2/24"],
      [beta, "198.18.77.3/24"],
    ] as const) {
      ip("-n", one.space, "addr", "add", address, "dev", "v0");
      ip("-n", one.space, "link", "set", "v0", "up");
    }
    const opened = openedView();
    const items = [
      genesisItem(),
      grantItem(opened, alpha.host.party, { name: "alpha", ip4: "100.64.0.1" as never }),
      grantItem(opened, beta.host.party, { name: "beta", ip4: "100.64.0.2" as never }),
      keysItem(opened, alpha.host.party),
      keysItem(opened, beta.host.party),
    ];
    const view = applyItems(opened, items, 1).view;
    const hints = [...view.members.keys()].map((nid, index) => ({
      nid,
      endpoints: [{ kind: "local", address: `198.18.77.${2 + index}`, port: 51820 }],
    }));
    for (const one of [alpha, beta]) {
      installHost(one.host, mesh, opened.meshId, items, secret);
      const state = path.join(one.host.root, hostPaths(mesh).agentState);
      writeFileSync(path.join(state, "endpoints.json"), JSON.stringify({ v: 1, peers: hints }));
    }
    const [first, second] = [alpha.start(), beta.start()];
    for (const agent of [first, second]) {
      const status = await until(agent.status, ({ state }) => state === "up");
      expect(status.alarms).toEqual([]);
    }
    await until(
      async () => readFileSync(alpha.resolver, "utf8"),
      (text) => text.includes("nameserver 100.64.0.1\n"),
    );
    expect(alpha.run("getent", "hosts", "beta.mesh")).toContain(view.members.get([...view.members.keys()][1]!)?.ip6);
    expect(alpha.run("getent", "ahostsv4", "beta.mesh")).toContain("100.64.0.2");
    expect(alpha.run("getent", "ahostsv4", "alpha.mesh")).toContain("100.64.0.1");
    expect(alpha.run("ping", "-4", "-c", "2", "-W", "5", "beta.mesh")).toContain(" 0% packet loss");
    expect(alpha.run("ping", "-6", "-c", "2", "-W", "5", "beta.mesh")).toContain(" 0% packet loss");
    expect(() => alpha.run("getent", "hosts", "nobody.mesh")).toThrow();
    const [peer] = await first.peers();
    expect(peer).toMatchObject({ session: "established", path: { kind: "direct", address: "198.18.77.3" } });

    expect(await first.stop()).toBe(0);
    expect(readFileSync(alpha.resolver, "utf8")).toBe(resolv);
    expect(alpha.run("ip", "-o", "link")).not.toContain("tm0");

    expect(readFileSync(beta.resolver, "utf8")).not.toBe(resolv);
    await second.stop("SIGKILL");
    const repair = startIn(["ip", "netns", "exec", beta.space], beta.host, mesh, ["repair"]);
    expect(await new Promise((resolve) => repair.process.once("exit", resolve))).toBe(0);
    expect(readFileSync(beta.resolver, "utf8")).toBe(resolv);
    expect(beta.run("ip", "-o", "link")).not.toContain("tm0");
    expect(existsSync(path.join(beta.host.root, hostPaths(mesh).agentState, "resolv.conf.json"))).toBe(false);
  });
});
