// The script that mounts a droplet's volume, on a real block device in a mount namespace of its own.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mountScript, volumeDevice } from "../../../../cli/engine/cloud/volume.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tm-volume-"));
const fstab = path.join(folder, "fstab");
const place = path.join(folder, "srv data's");
let device: string | undefined;

/** Runs as on a host whose /etc/fstab is ours, twice, and then looks. */
function mount(times: number) {
  const script = path.join(folder, "script");
  writeFileSync(script, mountScript(path.join(folder, "volume"), place.replace(" ", "-")));
  const all = `mount --bind ${fstab} /etc/fstab; ${`sh ${script}; `.repeat(times)} findmnt -n -o FSTYPE,OPTIONS "$0"; grep -c ext4 /etc/fstab`;
  return spawnSync("unshare", ["-m", "sh", "-ec", all, place.replace(" ", "-")], { encoding: "utf8" });
}

beforeAll(() => {
  writeFileSync(fstab, "");
  mkdirSync(path.join(folder, "image"));
  const image = path.join(folder, "image/disk");
  execFileSync("truncate", ["-s", "16M", image]);
  execFileSync("mkfs.ext4", ["-q", image]);
  const found = spawnSync("losetup", ["-f", "--show", image], { encoding: "utf8" });
  if (found.status === 0) device = found.stdout.trim();
  else process.stderr.write(`no loop device here, the volume is not tried: ${found.stderr}\n`);
  if (device !== undefined) symlinkSync(device, path.join(folder, "volume"));
});
afterAll(() => {
  if (device !== undefined) execFileSync("losetup", ["-d", device]);
  rmSync(folder, { recursive: true, force: true });
});

describe("a droplet's volume", () => {
  it("is known by the name that the service gives it", () => {
    expect(volumeDevice("office-main-nas")).toBe("/dev/disk/by-id/scsi-0DO_Volume_office-main-nas");
  });

  it("is mounted once, and noted for the next boot once", (context) => {
    if (device === undefined) return context.skip();
    const { status, stdout, stderr } = mount(2);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^ext4\s+\S*noatime\S*\n1\n$/);
    expect(readFileSync(fstab, "utf8")).toContain(" ext4 defaults,nofail,discard,noatime 0 2\n");
  });
});
