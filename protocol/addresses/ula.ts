// IPv6 addresses of a mesh and its nodes: computed from the mesh id and the node's SSH key, so nobody can take another's.
import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import type { Ipv6Address, MeshId } from "../brand.ts";

/** The mesh's unique local prefix (RFC 4193): fd ‖ SHA-256("tm-ula-v1" ‖ meshId)[0..5], as "fdxx:…::/48" (life.md §2). */
export function meshUla(meshId: MeshId): string {
  return `${formatIpv6(Buffer.concat([ulaBytes(meshId), Buffer.alloc(10)]))}/48`;
}

/**
 * A node's address: mesh prefix ‖ SHA-256("tm-ip6-v1" ‖ meshId ‖ sshPub)[0..10] (life.md §2).
 * @param sshPublicKeyBlob the SSH wire form of the node's public key (RFC 4253 §6.6)
 */
export function nodeIp6(meshId: MeshId, sshPublicKeyBlob: Uint8Array): Ipv6Address {
  const hash = createHash("sha256").update("tm-ip6-v1").update(meshId, "hex").update(sshPublicKeyBlob).digest();
  return formatIpv6(Buffer.concat([ulaBytes(meshId), hash.subarray(0, 10)]));
}

function ulaBytes(meshId: MeshId): Buffer {
  const hash = createHash("sha256").update("tm-ula-v1").update(meshId, "hex").digest();
  return Buffer.concat([Buffer.from([0xfd]), hash.subarray(0, 5)]);
}

function formatIpv6(bytes: Uint8Array): Ipv6Address {
  return new ipaddr.IPv6([...bytes]).toRFC5952String() as Ipv6Address;
}
