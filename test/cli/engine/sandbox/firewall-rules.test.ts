// The nftables rules that stand for a droplet's firewalls.
import { describe, expect, it } from "vitest";
import { firewallRules } from "../../../../cli/engine/sandbox/firewall-rules.ts";
import { type DropletRecord, emptyCloud } from "../../../../cli/engine/sandbox/state.ts";

const made = "2026-11-24T00:00:00Z";
const droplet = (id: number, tags: string[]): DropletRecord => ({
  ...{ id, name: `d${id}`, status: "active", locked: false, size: "s-1vcpu-1gb", region: "fra1", tags },
  ...{ image: "debian-13-x64", created_at: made, vpc_uuid: "", features: [], volume_ids: [], ssh_keys: [] },
  ...{ user_data: null, public_ip: `198.19.0.${id}`, private_ip: `10.10.0.${id}`, ipv6: null },
});

function cloud() {
  const state = emptyCloud({
    ...{ id: "p", name: "p", description: "", purpose: "", environment: "", is_default: true },
    ...{ created_at: made, updated_at: made, urns: [] },
  });
  state.droplets = { 1: droplet(1, ["web"]), 2: droplet(2, ["friends"]) };
  return state;
}

describe("firewall rules", () => {
  it("are none for a droplet without a firewall", () => {
    expect(firewallRules(cloud(), droplet(1, []), [])).not.toContain("chain");
  });

  it("take ranges that lie in each other, tags and both families, one rule for each", () => {
    const state = cloud();
    const addresses = ["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"];
    state.firewalls["f"] = {
      ...{ id: "f", name: "f", created_at: made, droplet_ids: [], tags: ["web"] },
      inbound: [
        { protocol: "tcp", ports: "22", peers: { addresses, tags: ["friends"] } },
        { protocol: "icmp", ports: "0", peers: { addresses: ["0.0.0.0/0", "::/0"] } },
        { protocol: "udp", ports: "0", peers: { droplet_ids: [2] } },
      ],
      outbound: [],
    };
    const rules = firewallRules(state, state.droplets[1]!, []);
    for (const line of [
      "ip saddr 10.0.0.0/8 tcp dport 22 accept",
      "ip saddr 10.1.0.0/16 tcp dport 22 accept",
      "ip6 saddr 2001:db8::/32 tcp dport 22 accept",
      "ip saddr 198.19.0.2 tcp dport 22 accept",
      "ip saddr 0.0.0.0/0 meta l4proto icmp accept",
      "ip6 saddr ::/0 meta l4proto ipv6-icmp accept",
      "ip saddr 10.10.0.2 meta l4proto udp accept",
    ])
      expect(rules).toContain(`    ${line}\n`);
    expect(rules.match(/policy drop/g)).toHaveLength(2);
    for (const way of ["iifname", "oifname"])
      expect(rules, "tunnels inside are not seen").toContain(`${way} != "eth0" accept`);
    expect(firewallRules(state, state.droplets[2]!, [])).not.toContain("chain");
  });

  it("take the address that examples have for the reader's own as this machine's, for whom else as it is", () => {
    const state = cloud();
    const ssh = (address: string) => ({ protocol: "tcp" as const, ports: "22", peers: { addresses: [address] } });
    state.firewalls["f"] = {
      ...{ id: "f", name: "f", created_at: made, droplet_ids: [1], tags: [] },
      inbound: [ssh("203.0.113.7/32")],
      outbound: [ssh("203.0.113.7/32")],
    };
    const machine = ["198.18.9.254", "fd00:9::2"];
    const rules = firewallRules(state, state.droplets[1]!, machine);
    expect(rules).toContain("ip saddr 198.18.9.254 tcp dport 22 accept");
    expect(rules).toContain("ip6 saddr fd00:9::2 tcp dport 22 accept");
    expect(rules).toContain("ip saddr 203.0.113.7/32 tcp dport 22 accept");
    expect(rules).not.toContain("ip daddr 198.18.9.254");
    state.firewalls["f"].inbound = [ssh("203.0.113.8/32"), ssh("203.0.113.0/24")];
    expect(firewallRules(state, state.droplets[1]!, machine)).not.toContain("198.18.9.254");
  });
});
