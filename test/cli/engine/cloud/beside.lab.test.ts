// Two commands at once over one stage, with the real Terraform: each in a folder of its own, the state's lock between them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { TerraformEvent } from "../../../../cli/engine/terraform/events.ts";
import { plan, readJson } from "../../../../cli/engine/terraform/run.ts";
import { state } from "../../../../constructs/index.ts";
import { hasTerraform } from "../sandbox/laboratory.ts";
import { heldStack, holdLock, openHeld } from "../state/held.ts";

const installed = await hasTerraform();
const folder = mkdtempSync(path.join(tmpdir(), "tm-beside-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const serialOf = async (run: Parameters<typeof readJson>[0]) =>
  ((await readJson(run, ["state", "pull"])) as { serial: number } | undefined)?.serial ?? 0;

describe.runIf(installed)("two commands at once over one stage", () => {
  const runsOf = (project: string) =>
    readdirSync(path.join(project, ".tm/terraform/main")).filter((name) => name.startsWith("run-"));

  it("leave each other alone: the second waits for the lock, is told who holds it, and reads the state meanwhile", async () => {
    const project = path.join(folder, "two");
    const release = path.join(folder, "two.end");
    const loaded = await heldStack(project, state.local(), release);
    const deploy = await openHeld(loaded);
    const held = await holdLock(deploy.run, release);
    const other = await openHeld(loaded);
    const events: TerraformEvent[] = [];
    const planned = plan(other.run, { variables: {}, arguments: ["-lock-timeout=1s"] }, (event) => events.push(event));
    await expect(planned).rejects.toMatchObject({
      code: "TM_TERRAFORM_LOCKED",
      detail: expect.stringContaining(", apply since "),
    });
    expect(events.map(({ kind }) => kind)).toContain("locked-out");
    await serialOf(other.run);
    // One that comes and goes takes its own folder with it, and no other.
    await other.cloud.close();
    expect(existsSync(path.join(deploy.run.workspace.folder, "cdk.tf.json"))).toBe(true);
    const waiting = await openHeld(loaded);
    const patient = plan(waiting.run, { variables: {}, arguments: ["-lock-timeout=60s"] }, () => undefined);
    await held.end();
    expect((await patient).changes, "planned over what the first had made").toBe(false);
    expect(await serialOf(waiting.run)).toBeGreaterThan(0);
    for (const { cloud } of [deploy, waiting]) await cloud.close();
    expect(runsOf(project)).toEqual([]);
  });

  it("leave a killed run's folder while its Terraform still works there, and take it away after that", async () => {
    const project = path.join(folder, "killed");
    const release = path.join(folder, "killed.end");
    const program = path.join(import.meta.dirname, "../state/held-run.ts");
    const child = spawn(process.execPath, ["--conditions=tunnelmesh-source", program, project, release], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    const loaded = await heldStack(project, state.local(), release);
    const [left] = runsOf(project);
    const beside = await openHeld(loaded);
    await beside.cloud.close();
    expect(runsOf(project), "Terraform is still at it").toEqual([left]);
    writeFileSync(release, "");
    await vi.waitFor(
      async () => {
        const next = await openHeld(loaded);
        await next.cloud.close();
        expect(runsOf(project)).toEqual([]);
      },
      { timeout: 20_000, interval: 200 },
    );
    const last = await openHeld(loaded);
    expect((await plan(last.run, { variables: {} }, () => undefined)).changes, "its state is whole").toBe(false);
    await last.cloud.close();
  });
});
