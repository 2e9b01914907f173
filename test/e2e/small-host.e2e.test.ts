// A host with 512 MB carries coordinator and agent: the release is unpacked there, and nothing is ended for want of memory.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployResult, StatusResult } from "../../cli/engine/deploy/contract.ts";
import { hostNames, statePrefix } from "../../cli/engine/local/names.ts";
import { Project } from "./project.ts";

const project = new Project("small");
const limit = 512 * 1024 * 1024;
const machine = hostNames(statePrefix("/var/lib/tunnelmesh-local"), project.mesh, "hub").machine;

/** The control group that holds the whole host, in the hierarchy that counts memory: version 1 or 2. */
function memoryGroup(): string {
  const [init] = execFileSync("ip", ["netns", "pids", machine], { encoding: "utf8" }).trim().split("\n");
  const groups = readFileSync(`/proc/${init}/cgroup`, "utf8").trim().split("\n");
  const own = groups.find((line) => line.split(":")[1]?.split(",").includes("memory"));
  const [root, line] =
    own === undefined
      ? ["/sys/fs/cgroup", groups.find((one) => one.startsWith("0::"))]
      : ["/sys/fs/cgroup/memory", own];
  const place = (line?.split(":")[2] ?? "").replace(/\/(payload\/)?init\.scope$/, "");
  return path.join(root, place);
}

/** Value of a key in a control group's file of lines "KEY VALUE". */
function count(group: string, file: string, key: string): number {
  const line = readFileSync(path.join(group, file), "utf8")
    .split("\n")
    .find((one) => one.startsWith(`${key} `));
  return Number(line?.split(" ")[1]);
}

beforeAll(async () => {
  project.create('mesh.coordinator("hub", new LocalHost());\nmesh.node("other", new LocalHost());');
  const made = ["local", "up", "hub", "other", "--network", project.mesh, "--key", `${project.key}.pub`];
  await project.json(made);
});
afterAll(() => project.remove());

describe("a host with 512 MB", () => {
  it("is installed, joins and carries traffic within its memory", async () => {
    const group = memoryGroup();
    const second = existsSync(path.join(group, "memory.max"));
    writeFileSync(path.join(group, second ? "memory.max" : "memory.limit_in_bytes"), String(limit));
    const { failed, hosts } = await project.json<DeployResult>(["deploy", "--yes"]);
    expect({ failed, states: hosts.map(({ state }) => state) }).toEqual({
      failed: 0,
      states: ["installed", "installed"],
    });
    const { hub = "" } = await project.addresses();
    expect(project.on(hub, "ping -c 3 -W 5 other.mesh")).toMatchObject({ code: 0 });
    const status = await project.json<StatusResult>(["status"]);
    expect(status.hosts.map(({ agent }) => agent?.coordinator.state)).toEqual(["connected", "connected"]);
    const killed = second ? count(group, "memory.events", "oom_kill") : count(group, "memory.oom_control", "oom_kill");
    expect(killed).toBe(0);
    // What programs hold; the rest of the limit is for files that the kernel keeps.
    const held = second ? count(group, "memory.stat", "anon") : count(group, "memory.stat", "total_rss");
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(limit / 2);
  });
});
