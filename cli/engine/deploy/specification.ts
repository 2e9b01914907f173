// What a member's host should have installed, as plain data from the stack, the log and the release.
import type { MemberModel, MeshModel } from "../../../constructs/model.ts";
import type { NodeId } from "../../../protocol/brand.ts";
import { coordinatorPort, tunnelPort } from "../../../protocol/constants.ts";
import type { AgentConfiguration, CoordinatorConfiguration } from "../../../protocol/host/configuration.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { formatMeshFile } from "../../../protocol/trust/mesh-file.ts";
import type { InstallSpec } from "../install/plan.ts";
import type { PreparedHost } from "./hosts.ts";

/** The host's own key that it is known by; the session proved its public half. */
const identityFiles: Readonly<Record<string, string>> = {
  "ssh-ed25519": "/etc/ssh/ssh_host_ed25519_key",
  "ssh-rsa": "/etc/ssh/ssh_host_rsa_key",
  "ecdsa-sha2-nistp256": "/etc/ssh/ssh_host_ecdsa_key",
  "ecdsa-sha2-nistp384": "/etc/ssh/ssh_host_ecdsa_key",
  "ecdsa-sha2-nistp521": "/etc/ssh/ssh_host_ecdsa_key",
};

/** agent.json of the host whose key is `sshPublicKey`. */
export function agentConfiguration(view: MeshView, nid: NodeId, sshPublicKey: string): AgentConfiguration {
  const [type = ""] = sshPublicKey.split(" ");
  return {
    v: 1,
    mesh: view.name,
    meshId: view.meshId,
    nid,
    identity: identityFiles[type] ?? "/etc/ssh/ssh_host_ed25519_key",
    interface: "tm0",
    udpPort: tunnelPort,
    domain: view.domain,
    logLevel: "info",
  };
}

/** coordinator.json. */
export function coordinatorConfiguration(view: MeshView): CoordinatorConfiguration {
  return {
    v: 1,
    mesh: view.name,
    meshId: view.meshId,
    listen: { host: "::", port: coordinatorPort },
    logLevel: "info",
  };
}

/** What `host` should have installed. `secret` is left out in plans: only its presence matters there. */
export function specificationOf(
  view: MeshView,
  bootstrap: string,
  host: Pick<PreparedHost, "member" | "nid" | "sshPublicKey" | "release">,
  parts: { readonly agent: boolean; readonly secret?: string },
): InstallSpec {
  return {
    mesh: view.name,
    meshId: view.meshId,
    range: view.range,
    release: host.release,
    meshFile: bootstrap,
    ...(parts.agent ? { agent: agentConfiguration(view, host.nid, host.sshPublicKey) } : {}),
    ...(host.member.role === "coordinator" ? { coordinator: coordinatorConfiguration(view) } : {}),
    ...(parts.secret === undefined ? {} : { networkSecret: parts.secret }),
  };
}

/**
 * What a host starts from: genesis and log up to the newest `coord.set`. The rest comes over the channel, so that this text stays
 * as it is while members come and go.
 */
export function bootstrapFile(items: readonly SignedItem[]): string {
  const log = items.filter((item, index) => index === 0 || kindOf(item) === "log");
  const last = log.findLastIndex((item) => operationOf(item) === "coord.set");
  return formatMeshFile(log.slice(0, Math.max(1, last + 1)));
}

/** Where agents find the coordinator (life.md §9); undefined when only the stack could know. */
export function coordinatorUrl(member: MemberModel, address: string, viaProxy: boolean): string | undefined {
  if (member.url !== undefined) return member.url;
  if (viaProxy) return undefined;
  return `ws://${address.includes(":") ? `[${address}]` : address}:${coordinatorPort}`;
}

/** The stack's coordinator. A model that passed validation has exactly one. */
export function coordinatorOf(model: MeshModel): MemberModel {
  const found = model.members.find(({ role }) => role === "coordinator");
  if (found === undefined) throw new RangeError("the model has no coordinator");
  return found;
}

function kindOf(item: SignedItem): string | undefined {
  const decoded = decodeItem(item.body);
  return decoded.ok ? decoded.item.kind : undefined;
}

function operationOf(item: SignedItem): string | undefined {
  const decoded = decodeItem(item.body);
  return decoded.ok && decoded.item.kind === "log" ? decoded.item.value.op.type : undefined;
}
