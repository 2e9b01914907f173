// Three local hosts at once, and every trap of running a systemd container as a host.
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalHostInfo } from "../../../../cli/engine/local/host.ts";
import { type Laboratory, openLaboratory, pictureOf } from "./laboratory.ts";

let laboratory: Laboratory;
let before: string[];
let alpha: LocalHostInfo;
let beta: LocalHostInfo;
let gamma: LocalHostInfo;
const network = `traps-${process.pid}`;
const plain = (name: string) => ({ name, nat: "none", internet: false }) as const;

beforeAll(async () => {
  laboratory = await openLaboratory();
  before = await pictureOf(laboratory.state);
  const start = performance.now();
  const made = await laboratory.hosts.up(network, [plain("alpha"), plain("beta"), plain("gamma")], {
    authorizedKeys: laboratory.authorizedKeys,
  });
  console.log(`three hosts answered SSH after ${((performance.now() - start) / 1000).toFixed(2)} s`);
  [alpha, beta, gamma] = made as [LocalHostInfo, LocalHostInfo, LocalHostInfo];
});

afterAll(async () => {
  await laboratory.close();
});

const inside = (host: LocalHostInfo, command: string) => laboratory.ssh(host.address, command);

describe("a local host", () => {
  it("answers SSH under its own name and lets root in by key", async () => {
    for (const host of [alpha, beta, gamma]) {
      expect(await inside(host, "hostname; id -un")).toEqual({ code: 0, text: `${host.name}\nroot` });
    }
  });

  it("is known to be outdated when packages of the machine change under it", async () => {
    expect((await laboratory.hosts.list()).map((host) => host.outdated)).toEqual([false, false, false]);
    await appendFile(laboratory.packageDatabase, "two\n");
    expect((await laboratory.hosts.list()).map((host) => host.outdated)).toEqual([true, true, true]);
  });

  it("makes TUN devices and takes nftables rules", async () => {
    expect(
      await inside(alpha, "ip tuntap add dev tm9 mode tun && ip -o link show tm9 | wc -l && ip link del tm9"),
    ).toEqual({
      code: 0,
      text: "1",
    });
    expect(await inside(alpha, "nft add table inet lab && nft list tables && nft delete table inet lab")).toEqual({
      code: 0,
      text: "table inet lab",
    });
  });

  it("lets network settings be changed, of its own network alone", async () => {
    const forwarding = await readFile("/proc/sys/net/ipv4/ip_forward", "utf8");
    const flipped = forwarding.trim() === "1" ? "0" : "1";
    const command = `sysctl -w net.ipv4.ip_forward=${flipped}; cat /proc/sys/net/ipv4/ip_forward`;
    expect((await inside(alpha, command)).text).toBe(`net.ipv4.ip_forward = ${flipped}\n${flipped}`);
    expect(await readFile("/proc/sys/net/ipv4/ip_forward", "utf8")).toBe(forwarding);
    const buffers = await readFile("/proc/sys/net/core/rmem_max", "utf8");
    expect((await inside(alpha, "sysctl -w net.core.rmem_max=12345678")).text).toContain("setting key");
    expect(await readFile("/proc/sys/net/core/rmem_max", "utf8")).toBe(buffers);
  });

  it("can stop its ssh without ending that of the others", async () => {
    await inside(gamma, "systemd-run --on-active=0 systemctl stop ssh");
    await expect.poll(async () => (await inside(gamma, "true")).code, { timeout: 10_000 }).toBe(255);
    expect((await inside(alpha, "systemctl is-active ssh")).text).toBe("active");
    expect((await inside(beta, "systemctl is-active ssh")).text).toBe("active");
  });

  it("has a machine id and host keys of its own", async () => {
    const command = "cat /etc/machine-id /var/lib/dbus/machine-id; cut -d' ' -f1,2 /etc/ssh/ssh_host_*_key.pub";
    const [first, second] = [
      (await inside(alpha, command)).text.split("\n"),
      (await inside(beta, command)).text.split("\n"),
    ];
    expect(first).toHaveLength(4);
    expect(first[0]).toBe(first[1]);
    expect(first[2]).toBe(alpha.hostKey);
    expect(first[3]).toMatch(/^ssh-rsa /);
    const machine = await readFile("/etc/machine-id", "utf8").catch(() => "");
    expect(new Set([...first, ...second, machine.trim()]).size).toBe(7);
  });

  it("sees nothing of this machine's homes, keys, checkout and state", async () => {
    const folders = ["/home", "/srv", process.cwd(), "/root/.ssh"].join(" ");
    expect(await inside(alpha, `ls -A ${folders} 2>/dev/null | grep -v :$ | grep .`)).toEqual({ code: 1, text: "" });
    const gone = [laboratory.state, "/opt/tunnelmesh", "/etc/tunnelmesh", "/var/lib/tunnelmesh", "/etc/ssl/private"];
    expect((await inside(alpha, `ls -d ${gone.join(" ")} 2>/dev/null`)).text).toBe("");
    expect((await inside(alpha, "cut -d: -f2 /etc/shadow | sort -u")).text).toBe("*");
  });

  it("runs what a plain server runs, with no failed unit", async () => {
    await expect.poll(async () => (await inside(alpha, "systemctl is-system-running")).text).toBe("running");
    expect((await inside(alpha, "systemctl --failed --no-legend")).text).toBe("");
    const units = (await inside(alpha, "systemctl list-units --plain --no-legend --state=running -t service")).text;
    const names = units.split("\n").map((line) => line.split(" ")[0] ?? "");
    expect(names).toContain("ssh.service");
    expect(names.filter((name) => !/^(ssh|dbus|systemd-(journald|logind)|user@0)\.service$/.test(name))).toEqual([]);
    expect((await inside(alpha, "systemctl list-timers --no-legend | grep -v tmpfiles-clean")).text).toBe("");
  });

  it("asks nobody for names", async () => {
    expect((await inside(alpha, "grep -c ^nameserver /etc/resolv.conf")).text).toBe("0");
    expect((await inside(alpha, "getent hosts localhost alpha | wc -l")).text).toBe("2");
  });

  it("reaches the other hosts by both families, and nothing beyond them", async () => {
    expect((await inside(alpha, `ping -c1 -W2 ${beta.address}`)).code).toBe(0);
    const address6 = (await inside(beta, "ip -6 -br addr show eth0 scope global")).text.split(/\s+/)[2]?.split("/")[0];
    expect((await inside(alpha, `ping -c1 -W2 ${address6}`)).code).toBe(0);
    expect((await inside(alpha, "ip route get 192.0.2.1; ping -c1 -W1 192.0.2.1")).code).not.toBe(0);
  });

  it("runs a hardened unit that makes a TUN device", async () => {
    const sandbox = "ProtectSystem=strict PrivateTmp=yes NoNewPrivileges=yes DynamicUser=yes DevicePolicy=closed";
    const rights = "DeviceAllow=/dev/net/tun AmbientCapabilities=CAP_NET_ADMIN CapabilityBoundingSet=CAP_NET_ADMIN";
    const options = `${sandbox} ${rights}`.split(" ").map((option) => `-p '${option}'`);
    const command = `systemd-run --wait --collect -q ${options.join(" ")} ip tuntap add dev tm8 mode tun; ip -o link show tm8 | wc -l`;
    expect((await inside(beta, command)).text).toBe("1");
  });

  it("is left alone by a second up, and listed", async () => {
    const again = await laboratory.hosts.up(network, [plain("alpha"), plain("beta")], {
      authorizedKeys: laboratory.authorizedKeys,
    });
    expect(again).toEqual([alpha, beta]);
    expect((await laboratory.hosts.list(network)).map(({ name, state }) => `${name} ${state}`)).toEqual([
      "alpha running",
      "beta running",
      "gamma running",
    ]);
    expect(await laboratory.hosts.leftovers({ fix: false })).toEqual([]);
  });

  it("is removed without a trace, one or all of them", async () => {
    expect(await laboratory.hosts.remove(network, ["beta"])).toEqual(["beta"]);
    expect((await inside(alpha, "true")).code).toBe(0);
    const start = performance.now();
    expect((await laboratory.hosts.remove(network)).toSorted()).toEqual(["alpha", "gamma"]);
    console.log(`two hosts were gone after ${((performance.now() - start) / 1000).toFixed(2)} s`);
    expect(await laboratory.hosts.remove(network)).toEqual([]);
    expect(existsSync(laboratory.state)).toBe(false);
    await expect.poll(() => pictureOf(laboratory.state)).toEqual(before);
  });
});
