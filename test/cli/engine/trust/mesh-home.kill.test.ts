// kill -9 of a process that appends: nothing acknowledged is lost, the log has no fork, the next run goes on.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGenesis } from "../../../../cli/engine/trust/items.ts";
import { openMeshHome } from "../../../../cli/engine/trust/mesh-home.ts";
import { admin } from "../../../protocol/trust/mesh.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "tm-kill-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const root = path.resolve(import.meta.dirname, "../../../..");
/** Appends log entries without end; prints the seq of each once it is acknowledged. */
const appender = `
  const load = (file) => import(${JSON.stringify(`${root}/`)} + file);
  const { openMeshHome } = await load("cli/engine/trust/mesh-home.ts");
  const { nextLogEntry } = await load("cli/engine/trust/items.ts");
  const { seedSigner } = await load("protocol/trust/signing.ts");
  const signers = [seedSigner(Buffer.from(process.env.SEED, "hex"))];
  const home = openMeshHome({ folder: process.env.FOLDER, stage: "dev" });
  for (;;) {
    const { view } = await home.read();
    const urls = ["ws://198.18.0.1:" + (view.head.seq + 1)];
    const entry = await nextLogEntry(view, { type: "coord.set", key: "22".repeat(32), urls }, 1, signers);
    const after = await home.append([entry]);
    process.stdout.write(after.view.head.seq + "\\n");
  }`;

describe("mesh home under kill -9", () => {
  it("keeps what was acknowledged and goes on from there", async () => {
    const home = openMeshHome({ folder, stage: "dev" });
    const admins = [admin.signer.publicKey.line];
    await home.append([await createGenesis({ name: "demo-dev", admins, signers: [admin.signer] })]);
    let acknowledged = 0;
    for (const wait of [3, 11, 24, 40]) {
      const child = spawn(process.execPath, ["--conditions=tunnelmesh-source", "--input-type=module", "-e", appender], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, FOLDER: folder, SEED: Buffer.from(admin.seed).toString("hex") },
      });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk;
      });
      // Two, so that four of them come further than four however slow the machine is.
      while (output.split("\n").length < 3) await once(child.stdout, "data");
      await delay(wait);
      child.kill("SIGKILL");
      await once(child, "close");
      acknowledged = Number(output.trim().split("\n").at(-1));
      const { view, items } = await home.read();
      expect(view?.frozen).toBeUndefined();
      expect(view?.head.seq).toBeGreaterThanOrEqual(acknowledged);
      expect(items).toHaveLength(1 + view!.head.seq);
    }
    expect(acknowledged).toBeGreaterThan(4);
  });
});
