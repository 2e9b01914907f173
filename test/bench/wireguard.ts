// A wireguard-go tunnel between the two hosts of the throughput run, to compare with.
import type { Project } from "../e2e/project.ts";
import { check } from "./command.ts";
import type { Ends, Link } from "./link.ts";

const device = "wgbench0";
const port = 51999;
const key = "/run/wgbench.key";

/** Starts it with the MTU of the mesh's interface; undefined where wireguard-go or wg is not installed. */
export function startWireguard(project: Project, ends: Ends): Link | undefined {
  const hosts = [ends.sender, ends.receiver];
  const missing = hosts.some((host) => project.on(host, "command -v wireguard-go && command -v wg").code !== 0);
  if (missing) return undefined;
  // A range of RFC 2544 that the hosts' own network does not use.
  const range = ends.sender.startsWith("198.19.255.") ? "198.18.255" : "198.19.255";
  const publicKeys = hosts.map((host) => check(project, host, `umask 077; wg genkey > ${key}; wg pubkey < ${key}`));
  for (const [index, host] of hosts.entries()) {
    const other = 1 - index;
    const peer = `peer ${publicKeys[other]} allowed-ips ${range}.0/30 endpoint ${hosts[other]}:${port}`;
    const steps = [
      `wireguard-go ${device} >/dev/null 2>&1 </dev/null`,
      `wg set ${device} listen-port ${port} private-key ${key} ${peer}`,
      `ip address add ${range}.${index + 1}/30 dev ${device}`,
      `ip link set ${device} mtu $(cat /sys/class/net/${ends.interface}/mtu) up`,
    ];
    check(project, host, steps.join(" && "));
  }
  check(project, ends.sender, `ping -c 1 -W 5 ${range}.2`);
  return { name: "wireguard-go", address: `${range}.2` };
}
