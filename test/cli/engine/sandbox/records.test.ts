// What the sandbox has on disk is not believed, and a process of another release is known by the folder that it serves.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCloud } from "../../../../cli/engine/sandbox/cloud.ts";
import { readServer, sandboxPlace } from "../../../../cli/engine/sandbox/place.ts";
import { removeSandbox, sandboxStatus } from "../../../../cli/engine/sandbox/sandbox.ts";
import { findServerProcess } from "../../../../cli/engine/sandbox/server-process.ts";
import { openLaboratory } from "./laboratory.ts";
import { startOtherRelease } from "./other-release.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tm-sandbox-records-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("records of the sandbox", () => {
  const file = path.join(folder, "cloud.json");
  const refused = (why: RegExp) =>
    expect(readCloud(file)).rejects.toMatchObject({
      code: "TM_SANDBOX_RECORD",
      detail: expect.stringMatching(new RegExp(`^${file}: ${why.source}`)),
    });

  it("are read back as they were written", async () => {
    await using lab = await openLaboratory();
    await lab.ask("POST", "/v2/tags", { name: "blue" });
    expect(await readCloud(lab.file)).toEqual(lab.cloud.state);
  });

  it("are refused with the place and the reason when they are damaged, of another form, or too large", async () => {
    expect(await readCloud(file)).toBeUndefined();
    writeFileSync(file, '{"nextId":1');
    await refused(/it is no JSON/);
    writeFileSync(file, '{"nextId":"one"}');
    await refused(/nextId: /);
    await using lab = await openLaboratory();
    writeFileSync(file, JSON.stringify({ ...lab.cloud.state, snapshots: {} }));
    await refused(/.*snapshots/);
    truncateSync(file, 65 * 1024 * 1024);
    await refused(/it has 68157440 bytes, more than/);
    const place = sandboxPlace(path.join(folder, "damaged"));
    mkdirSync(place.folder);
    writeFileSync(place.serverFile, '{"pid":1}');
    await expect(readServer(place)).rejects.toMatchObject({ code: "TM_SANDBOX_RECORD" });
  });

  it("hold nothing that could not be read back", async () => {
    await using lab = await openLaboratory();
    const change = lab.cloud.change((draft) => Object.assign(draft, { nextId: 0 }));
    await expect(change).rejects.toThrow(/nextId/);
    expect(await readCloud(lab.file)).toBeUndefined();
  });
});

describe.runIf(process.platform === "linux")("a sandbox of another release", () => {
  it("is found by its folder, said to run, and stopped with what it holds", async () => {
    const place = sandboxPlace(path.join(folder, "place"));
    await expect(sandboxStatus(place)).rejects.toMatchObject({ code: "TM_SANDBOX_NOT_RUNNING" });
    mkdirSync(place.folder);
    await using other = await startOtherRelease(place, path.join(folder, "checkout"));
    writeFileSync(place.serverFile, JSON.stringify({ pid: other.pid, url: other.url, token: "t" }));
    const found = { pid: other.pid, program: other.program };
    expect(await findServerProcess(place)).toEqual(found);
    expect(await findServerProcess(sandboxPlace(`${place.folder}/`)), "however it is written").toEqual(found);
    expect(await findServerProcess(sandboxPlace(path.join(folder, "elsewhere")))).toBeUndefined();
    await expect(sandboxStatus(place)).rejects.toMatchObject({
      code: "TM_SANDBOX_OTHER_RELEASE",
      detail: `process ${other.pid}, started from ${other.program}`,
    });
    // The record need not be readable for that.
    writeFileSync(place.serverFile, "{");
    expect(await removeSandbox(place)).toBe(true);
    await other.ended;
    expect(await removeSandbox(place)).toBe(false);
  });
});
