// The texts of an inventory, whole.
import { describe, expect, it } from "vitest";
import type { InventoryResult } from "../../../cli/engine/deploy/around-contract.ts";
import { renderInventory } from "../../../cli/output/inventory.ts";

const inventory: InventoryResult = {
  mesh: "office-main",
  meshId: "ab12",
  stage: "main",
  hosts: [
    {
      name: "hub",
      role: "coordinator",
      dnsName: "hub.mesh",
      ip4: "100.64.0.1",
      ip6: "fd00::1",
      groups: [],
      hostKey: "ssh-ed25519 AAAAhub+/=",
      ssh: { host: "203.0.113.7", port: 22, user: "root", identityFiles: [], jumps: [] },
    },
    {
      name: "nas",
      role: "node",
      dnsName: "nas.mesh",
      ip6: "fd00::2",
      groups: ["cold-storage", "people"],
      hostKey: "ssh-ed25519 AAAAnas",
      ssh: {
        host: "192.168.1.20",
        port: 2222,
        user: "admin",
        identityFiles: ["/home/it's me/50%/id"],
        jumps: ["hop1", "me@hop2:2200"],
      },
    },
    {
      name: "phone",
      role: "node",
      dnsName: "phone.mesh",
      ip4: "100.64.0.3",
      ip6: "fd00::3",
      groups: ["people"],
      hostKey: "ssh-ed25519 AAAAphone",
    },
  ],
};

const pinned = (name: string, key: string) =>
  `-o HostKeyAlias=${name} -o "KnownHostsCommand=/bin/echo %H ${key}" -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes`;

describe("renderInventory", () => {
  it("writes Ansible's INI form", () => {
    expect(renderInventory(inventory, "ansible").split("\n")).toEqual([
      "# Mesh office-main, stage main; made by tm inventory.",
      `hub ansible_host=203.0.113.7 ansible_port=22 ansible_user=root 'ansible_ssh_common_args=${pinned("hub", "ssh-ed25519 AAAAhub+/=")}' tm_role=coordinator tm_name=hub.mesh tm_ip4=100.64.0.1 tm_ip6=fd00::1`,
      `nas ansible_host=192.168.1.20 ansible_port=2222 ansible_user=admin 'ansible_ssh_private_key_file=/home/it'\\''s me/50%/id' 'ansible_ssh_common_args=-o ProxyJump=hop1,me@hop2:2200 ${pinned("nas", "ssh-ed25519 AAAAnas")}' tm_role=node tm_name=nas.mesh tm_ip6=fd00::2`,
      `phone ansible_host=100.64.0.3 'ansible_ssh_common_args=${pinned("phone", "ssh-ed25519 AAAAphone")}' tm_role=node tm_name=phone.mesh tm_ip4=100.64.0.3 tm_ip6=fd00::3`,
      "",
      "[cold_storage]",
      "nas",
      "",
      "[people]",
      "nas",
      "phone",
    ]);
  });

  it("writes ssh_config", () => {
    expect(renderInventory(inventory, "ssh-config")).toBe(`\
# Mesh office-main, stage main; made by tm inventory. Use it with ssh -F FILE NAME, or Include it at the top of ~/.ssh/config.

Host hub hub.mesh
  HostName 203.0.113.7
  Port 22
  User root
  HostKeyAlias hub
  KnownHostsCommand /bin/echo %H ssh-ed25519 AAAAhub+/=
  UserKnownHostsFile /dev/null
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes

Host nas nas.mesh
  HostName 192.168.1.20
  Port 2222
  User admin
  IdentityFile "/home/it's me/50%%/id"
  ProxyJump hop1,me@hop2:2200
  HostKeyAlias nas
  KnownHostsCommand /bin/echo %H ssh-ed25519 AAAAnas
  UserKnownHostsFile /dev/null
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes

Host phone phone.mesh
  HostName 100.64.0.3
  HostKeyAlias phone
  KnownHostsCommand /bin/echo %H ssh-ed25519 AAAAphone
  UserKnownHostsFile /dev/null
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes`);
  });

  it("writes JSON", () => {
    expect(JSON.parse(renderInventory(inventory, "json"))).toEqual(inventory);
  });
});
