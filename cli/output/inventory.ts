// Writes an inventory as other tools read it: Ansible's INI form, ssh_config, JSON.
import type { InventoryHost, InventoryResult } from "../engine/deploy/around-contract.ts";
import { quote } from "../engine/ssh/quote.ts";

export const inventoryFormats = ["ansible", "ssh-config", "json"] as const;
export type InventoryFormat = (typeof inventoryFormats)[number];

/** The whole text, without a newline at its end. */
export function renderInventory(inventory: InventoryResult, format: InventoryFormat): string {
  switch (format) {
    case "ansible":
      return renderAnsible(inventory);
    case "ssh-config":
      return renderSshConfig(inventory);
    case "json":
      return JSON.stringify(inventory, undefined, 2);
    default:
      return format satisfies never;
  }
}

/** Hosts with their variables, then a section per group. Group names are identifiers there, so a hyphen becomes an underscore. */
function renderAnsible({ mesh, stage, hosts }: InventoryResult): string {
  const groups = [...new Set(hosts.flatMap((host) => host.groups))].toSorted();
  return [
    `# Mesh ${mesh}, stage ${stage}; made by tm inventory.`,
    ...hosts.map((host) => [host.name, ...ansibleVariables(host).map(quote)].join(" ")),
    ...groups.flatMap((group) => [
      "",
      `[${group.replaceAll("-", "_")}]`,
      ...hosts.filter((host) => host.groups.includes(group)).map(({ name }) => name),
    ]),
  ].join("\n");
}

function ansibleVariables(host: InventoryHost): string[] {
  const { ssh, ip4, ip6 } = host;
  const [identityFile] = ssh?.identityFiles ?? [];
  const options = [
    ...(ssh === undefined || ssh.jumps.length === 0 ? [] : [`ProxyJump=${ssh.jumps.join(",")}`]),
    ...hostKeyOptions(host).map(([key, value]) => `${key}=${value}`),
  ];
  return [
    `ansible_host=${ssh?.host ?? ip4 ?? ip6}`,
    ...(ssh === undefined ? [] : [`ansible_port=${ssh.port}`, `ansible_user=${ssh.user}`]),
    ...(identityFile === undefined ? [] : [`ansible_ssh_private_key_file=${identityFile}`]),
    `ansible_ssh_common_args=${options.map((option) => `-o ${option.includes(" ") ? `"${option}"` : option}`).join(" ")}`,
    `tm_role=${host.role}`,
    `tm_name=${host.dnsName}`,
    ...(ip4 === undefined ? [] : [`tm_ip4=${ip4}`]),
    `tm_ip6=${ip6}`,
  ];
}

function renderSshConfig({ mesh, stage, hosts }: InventoryResult): string {
  const head = `# Mesh ${mesh}, stage ${stage}; made by tm inventory. Use it with ssh -F FILE NAME, or Include it at the top of ~/.ssh/config.`;
  return [head, ...hosts.map((host) => sshConfigHost(host).join("\n"))].join("\n\n");
}

function sshConfigHost(host: InventoryHost): string[] {
  const { name, dnsName, ssh, ip4, ip6 } = host;
  const lines: (readonly [string, string])[] = [
    ["HostName", (ssh?.host ?? ip4 ?? ip6).replaceAll("%", "%%")],
    ...(ssh === undefined ? [] : ([["Port", `${ssh.port}`]] as const)),
    ...(ssh === undefined ? [] : ([["User", ssh.user]] as const)),
    ...(ssh?.identityFiles ?? []).map((file) => ["IdentityFile", `"${file.replaceAll("%", "%%")}"`] as const),
    ...(ssh === undefined || ssh.jumps.length === 0 ? [] : ([["ProxyJump", ssh.jumps.join(",")]] as const)),
    ...hostKeyOptions(host),
  ];
  return [`Host ${name} ${dnsName}`, ...lines.map(([key, value]) => `  ${key} ${value}`)];
}

/** The mesh's word on the host key stands in the text itself and alone counts (ssh_config(5), KnownHostsCommand, OpenSSH 8.5). */
function hostKeyOptions({ name, hostKey }: InventoryHost): readonly (readonly [string, string])[] {
  return [
    ["HostKeyAlias", name],
    ["KnownHostsCommand", `/bin/echo %H ${hostKey}`],
    ["UserKnownHostsFile", "/dev/null"],
    ["GlobalKnownHostsFile", "/dev/null"],
    ["StrictHostKeyChecking", "yes"],
  ];
}
