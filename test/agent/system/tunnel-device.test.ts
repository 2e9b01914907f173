// Interfaces as /sys shows them: which are ends of tunnels.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isTunnelDevice } from "../../../agent/system/tunnel-device.ts";

const interfaces = mkdtempSync(path.join(tmpdir(), "tm-devices-"));
afterAll(() => rmSync(interfaces, { recursive: true, force: true }));

/** Files of an interface, by name; a name that ends in "/" is a folder. */
function device(name: string, files: Readonly<Record<string, string>>): boolean {
  const folder = path.join(interfaces, name);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) {
    if (file.endsWith("/")) mkdirSync(path.join(folder, file));
    else writeFileSync(path.join(folder, file), text);
  }
  return isTunnelDevice(name, interfaces);
}

describe("the end of a tunnel", () => {
  it.each([
    ["TUN", { type: "65534\n", tun_flags: "0x1001\n", uevent: "INTERFACE=tun0\n" }],
    ["TAP", { type: "1\n", tun_flags: "0x1002\n", uevent: "INTERFACE=tap0\n" }],
    ["WireGuard", { type: "65534\n", uevent: "DEVTYPE=wireguard\nINTERFACE=wg0\n" }],
    ["IPsec", { type: "65534\n", uevent: "INTERFACE=ipsec0\n" }],
    ["IP in IP", { type: "768\n", uevent: "INTERFACE=tunl0\n" }],
    ["GRE", { type: "778\n", uevent: "INTERFACE=gre1\n" }],
    ["VXLAN", { type: "1\n", uevent: "DEVTYPE=vxlan\nINTERFACE=flannel.1\n" }],
  ])("is %s", (name, files) => {
    expect(device(name, files)).toBe(true);
  });

  it.each([
    ["Ethernet", { type: "1\n", uevent: "INTERFACE=eth0\n" }],
    ["a bridge", { type: "1\n", uevent: "DEVTYPE=bridge\nINTERFACE=br0\n" }],
    ["PPP over Ethernet", { type: "512\n", uevent: "DEVTYPE=ppp\nINTERFACE=ppp0\n" }],
    ["a tunnel broker's", { type: "776\n", uevent: "INTERFACE=he0\n" }],
    ["a modem", { type: "65534\n", "device/": "", uevent: "DEVTYPE=wwan\nINTERFACE=wwan0\n" }],
  ])("is not %s", (name, files) => {
    expect(device(name, files)).toBe(false);
  });

  it("is nothing that cannot be seen", () => {
    expect(isTunnelDevice("nowhere", interfaces)).toBe(false);
  });
});
