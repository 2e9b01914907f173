// The configuration that a stock WireGuard client imports, one per gateway.
import { meshUla } from "../../../protocol/addresses/ula.ts";
import { tunnelMtu } from "../../../protocol/constants.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";

/** Seconds between keepalives: below the 30 s after which some NATs forget, so that the mesh reaches the client at any time. */
const keepalive = 25;

export interface ClientConfiguration {
  readonly mesh: string;
  readonly name: string;
  /** Base64; undefined where it is on the device alone. */
  readonly privateKey: string | undefined;
  readonly ip4: string;
  readonly ip6: string;
  readonly gateway: {
    readonly name: string;
    /** Base64. */
    readonly publicKey: string;
    readonly presharedKey: string;
    readonly endpoint: string;
  };
  readonly allowedIps: readonly string[];
}

/** The first line: what says that a file is one of ours, and whose. */
export function headline({
  mesh,
  name,
  gateway,
}: Pick<ClientConfiguration, "mesh" | "name"> & { readonly gateway: { readonly name: string } }): string {
  return `# ${name} of mesh ${mesh}, by gateway ${gateway.name}`;
}

/** The text of a .conf file, as wg-quick and WireGuard's apps read it. */
export function formatConfiguration(configuration: ClientConfiguration): string {
  const { privateKey, ip4, ip6, gateway, allowedIps } = configuration;
  const lines = [
    headline(configuration),
    "[Interface]",
    // A line that is missing is what the apps complain about; one with something else in it they would take.
    privateKey === undefined
      ? "# PrivateKey = the one that belongs to the public key, on the device"
      : `PrivateKey = ${privateKey}`,
    `Address = ${ip4}/32, ${ip6}/128`,
    `MTU = ${tunnelMtu}`,
    "",
    "[Peer]",
    `PublicKey = ${gateway.publicKey}`,
    `PresharedKey = ${gateway.presharedKey}`,
    `AllowedIPs = ${allowedIps.join(", ")}`,
    `Endpoint = ${gateway.endpoint}`,
    `PersistentKeepalive = ${keepalive}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** What a client sends to the mesh: its ranges, and the networks that members carry. All other traffic stays outside. */
export function meshRanges(view: Pick<MeshView, "range" | "meshId" | "members">): readonly string[] {
  const carried = [...view.members.values()].flatMap(({ routes }) => routes);
  return [...new Set([view.range, meshUla(view.meshId), ...carried])];
}
