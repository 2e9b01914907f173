// The test of killed deploys: three kills of it in every run, twenty in the soak.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { DeployResult } from "../../cli/engine/deploy/contract.ts";
import { meshIdOf } from "../../protocol/trust/genesis.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import { parseMeshFile } from "../../protocol/trust/mesh-file.ts";
import { applyItems, openView } from "../../protocol/trust/view.ts";
import { killGroup, Project } from "./project.ts";

const two = `  mesh.coordinator("alpha", new LocalHost());
  mesh.node("beta", new LocalHost());`;
const three = `${two}
  mesh.node("gamma", new LocalHost());`;

const names = ["alpha", "beta", "gamma"];

/** Reasons why an item of a good mesh file may have no effect any more. */
const harmless: readonly (string | undefined)[] = [undefined, "revoked", "older"];

/** Registers the test: `kills` deploys die at random moments, the next one finishes with nothing lost, doubled or forked. */
export function testKilledDeploys(name: string, kills: number): void {
  describe("a deploy that is killed", () => {
    const project = new Project(name).create(two);
    const meshFile = path.join(project.folder, "mesh/main.jsonl");
    afterAll(() => project.remove());

    it(`${kills} times at random moments is finished by the next, with the same mesh and no fork`, async () => {
      let meshId: string | undefined;
      let finished = 0;
      for (let round = 0; round < kills; round += 1) {
        const { pid, done } = project.start(["deploy", "--yes"]);
        await Promise.race([delay(1_000 + Math.random() * 14_000), done]);
        killGroup(pid);
        const { code } = await done;
        const genesis = existsSync(meshFile) ? readItems(meshFile)[0] : undefined;
        if (genesis === undefined) continue;
        meshId ??= meshIdOf(genesis.body);
        expect(meshIdOf(genesis.body), `after kill ${round + 1}`).toBe(meshId);
        // One that was done before the kill leaves nothing to interrupt: a member more or less gives the next one work.
        if (code === 0) project.write(finished++ % 2 === 0 ? three : two);
      }
      project.write(three);
      const result = await project.json<DeployResult>(["deploy", "--yes"]);
      expect(result.failed).toBe(0);
      expect(result.meshId).toBe(meshId ?? result.meshId);
      expectOneOfEach(readItems(meshFile));

      const addresses = await project.addresses();
      expect(Object.keys(addresses).toSorted()).toEqual(names);
      for (const to of ["beta", "gamma"]) {
        expect(project.on(addresses["alpha"] ?? "", `ping -c 2 -W 5 ${to}.mesh`)).toMatchObject({ code: 0 });
      }
      const again = await project.json<DeployResult>(["deploy", "--yes"]);
      expect(again.hosts.map(({ state }) => state)).toEqual(names.map(() => "unchanged"));
    });
  });
}

function readItems(meshFile: string): readonly SignedItem[] {
  const file = parseMeshFile(readFileSync(meshFile, "utf8"));
  if (!file.ok) throw new Error(`mesh file line ${file.line}: ${file.reason}`);
  return file.items;
}

/** The signed items give the three members and no others, each once and with an address of its own, and the log is one chain. */
function expectOneOfEach(all: readonly SignedItem[]): void {
  const [genesis, ...items] = all;
  const opened = genesis === undefined ? undefined : openView(genesis);
  if (opened?.ok !== true) throw new Error("the mesh file does not open");
  const { view, verdicts } = applyItems(opened.view, items, Math.floor(Date.now() / 1000));
  expect(view.frozen).toBeUndefined();
  expect(verdicts.filter(({ reason }) => !harmless.includes(reason))).toEqual([]);
  const members = [...view.members.values()];
  expect(members.map((member) => member.name).toSorted()).toEqual(names);
  expect(new Set(members.map(({ ip4 }) => ip4)).size).toBe(names.length);
}
