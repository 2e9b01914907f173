// Deploys of droplets that are killed at random moments: the next one finishes, and after destroy the cloud has no orphan.
import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { DeployResult } from "../../cli/engine/deploy/contract.ts";
import { sandboxPlace } from "../../cli/engine/sandbox/place.ts";
import { removeSandbox, sandboxStatus } from "../../cli/engine/sandbox/sandbox.ts";
import { killGroup, Project } from "./project.ts";

const kills = Number(process.env["TM_KILLS"] ?? "10");
const place = sandboxPlace(`/var/lib/tunnelmesh-sandbox-kill-${process.pid}`);
const cloud = `  const cloud = { size: "s-1vcpu-1gb", region: "fra1", ssh: ["0.0.0.0/0"] } as const;
  mesh.coordinator("hub", new Droplet(cloud));`;
const one = `${cloud}\n  mesh.node("gw", new Droplet(cloud));`;
const two = `${one}\n  mesh.node("late", new Droplet(cloud));`;
const project = new Project("cloudkill").create(one);
project.environment = { TM_SANDBOX_DIR: place.folder, TM_SANDBOX: "1", TM_PROVIDER_POLL_DELAY: "200" };

afterAll(async () => {
  await project.tm(["destroy", "--yes"]);
  await removeSandbox(place);
  rmSync(project.folder, { recursive: true, force: true });
});

describe("a deploy of droplets that is killed", () => {
  it(`${kills} times at random moments leaves nothing that the next one does not know`, async () => {
    const moments: string[] = [];
    let finished = 0;
    for (let round = 0; round < kills; round += 1) {
      const { pid, done } = project.start(["deploy", "--yes"]);
      const moment = 3_000 + Math.random() * 50_000;
      await Promise.race([delay(moment), done]);
      killGroup(pid);
      const { code, stderr } = await done;
      moments.push(`${(moment / 1000).toFixed(1)} s, ${code}: ${stderr.trim().split("\n").at(-1)}`);
      // One that was done before the kill leaves nothing to interrupt: a member more or less gives the next one work.
      if (code === 0) project.write(finished++ % 2 === 0 ? two : one);
    }
    process.stderr.write(`${moments.join("\n")}\n`);
    const last = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(last.failed).toBe(0);
    const names = last.hosts.filter(({ state }) => state !== "removed").map(({ name }) => name);
    const standing = (await sandboxStatus(place)).droplets.map(({ name }) => name.replace(`${project.mesh}-`, ""));
    expect(standing.toSorted(), "one droplet for each member").toEqual(names.toSorted());

    const gone = await project.tm(["destroy", "--yes"]);
    expect(gone, gone.stderr).toMatchObject({ code: 0 });
    const { droplets, counts } = await sandboxStatus(place);
    expect(droplets).toEqual([]);
    expect(counts).toEqual(Object.fromEntries(Object.keys(counts).map((kind) => [kind, 0])));
  });
});
