// Terraform's version and its lines, read from outside text.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { findTerraform, installAdvice } from "../../../../cli/engine/terraform/binary.ts";
import { readEvent } from "../../../../cli/engine/terraform/events.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tm-terraform-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, version: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho '{"terraform_version": "${version}", "platform": "linux_arm64"}'\n`);
  chmodSync(file, 0o755);
  return file;
}

describe("the Terraform of this machine", () => {
  it("is the one that TM_TERRAFORM names", async () => {
    const named = program("tofu-here", "1.9.0");
    expect(await findTerraform({ TM_TERRAFORM: named })).toEqual({
      program: named,
      version: "1.9.0",
      platform: "linux_arm64",
    });
  });

  it("is refused when it is too old or not there", async () => {
    await expect(findTerraform({ TM_TERRAFORM: program("old", "1.4.7") })).rejects.toMatchObject({
      code: "TM_TERRAFORM_OLD",
    });
    await expect(findTerraform({ TM_TERRAFORM: path.join(folder, "none") })).rejects.toMatchObject({
      code: "TM_TERRAFORM_MISSING",
    });
  });

  it("is OpenTofu where there is no Terraform, and where neither is, two lines say what to do", async () => {
    const alone = path.join(folder, "alone");
    mkdirSync(alone);
    writeFileSync(
      path.join(alone, "tofu"),
      '#!/bin/sh\necho \'{"terraform_version": "1.12.6", "platform": "linux_amd64"}\'\n',
    );
    chmodSync(path.join(alone, "tofu"), 0o755);
    const before = process.env["PATH"];
    try {
      process.env["PATH"] = alone;
      // The program is a script: its shell is named by an absolute path.
      expect(await findTerraform({})).toMatchObject({ program: "tofu", version: "1.12.6" });
      process.env["PATH"] = path.join(folder, "nothing");
      await expect(findTerraform({})).rejects.toMatchObject({ code: "TM_TERRAFORM_MISSING" });
    } finally {
      process.env["PATH"] = before;
    }
    for (const platform of ["linux", "darwin"] as const) {
      expect(installAdvice(platform)).toEqual([
        expect.stringMatching(/^Install one: .*opentofu/),
        expect.stringMatching(/TM_TERRAFORM=/),
      ]);
    }
  });
});

describe("a line of Terraform", () => {
  const resource = { addr: "digitalocean_droplet.hub", module: "", resource: "digitalocean_droplet.hub" };

  it.each([
    [
      { type: "apply_start", hook: { resource, action: "create" } },
      { kind: "start", address: resource.addr, action: "create", elapsed: 0 },
    ],
    [
      { type: "apply_progress", hook: { resource, action: "create", elapsed_seconds: 10 } },
      { kind: "progress", address: resource.addr, action: "create", elapsed: 10 },
    ],
    [
      { type: "planned_change", change: { resource, action: "replace", reason: "cannot_update" } },
      { kind: "planned", address: resource.addr, action: "replace", reason: "cannot_update" },
    ],
    [
      { type: "diagnostic", diagnostic: { severity: "error", summary: "No", detail: "because", address: "a.b" } },
      { kind: "error", text: "No: because", address: "a.b" },
    ],
    [{ type: "refresh_start", hook: { resource } }, undefined],
    [{ type: "version", terraform: "1.11.4" }, undefined],
  ])("%o", (line, event) => {
    expect(readEvent(JSON.stringify(line))).toEqual(event);
  });

  it("may be anything", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => readEvent(line) === undefined || true));
  });
});
