// The secret of a stock WireGuard client: sealed to each of its gateways, and the pre-shared key that each has with it (life.md §3).
//
// Sealed as in sealed-secret.ts to the gateway's control key; info = "tm-client-wrap-v1" ‖ mesh id 32 ‖ node id of the client 32.
import { hkdfSync } from "node:crypto";
import type { MeshId, NodeId, PresharedKey, X25519PrivateKey, X25519PublicKey } from "../brand.ts";
import { openSecret, sealSecret } from "./sealed-secret.ts";

/** Seals a client's secret of 32 bytes to a gateway's control key: 160 hexadecimal digits; two calls differ. */
export async function sealClientSecret(
  gateway: X25519PublicKey,
  meshId: MeshId,
  client: NodeId,
  secret: Uint8Array,
): Promise<string> {
  return await sealSecret(gateway, infoOf(meshId, client), secret);
}

/** Opens it; undefined when it was not sealed to this control key, for this client of this mesh. */
export async function openClientSecret(
  gateway: X25519PrivateKey,
  meshId: MeshId,
  client: NodeId,
  sealed: string,
): Promise<Uint8Array | undefined> {
  return await openSecret(gateway, infoOf(meshId, client), sealed);
}

/**
 * Pre-shared key between a client and one of its gateways: HKDF-SHA256(ikm = the client's secret, salt = meshId,
 * info = "tm-wg-psk-v1 client" ‖ tunnel key of the client ‖ tunnel key of the gateway, 32). The network secret has no part in it:
 * its rotation leaves clients as they are.
 * @param secret 32 bytes
 */
export function clientPsk(
  secret: Uint8Array,
  meshId: MeshId,
  client: X25519PublicKey,
  gateway: X25519PublicKey,
): PresharedKey {
  if (secret.length !== 32) throw new RangeError("a client's secret has 32 bytes");
  const info = Buffer.concat([Buffer.from("tm-wg-psk-v1 client"), client, gateway]);
  return new Uint8Array(hkdfSync("sha256", secret, Buffer.from(meshId, "hex"), info, 32)) as PresharedKey;
}

function infoOf(meshId: MeshId, client: NodeId): Uint8Array {
  return Buffer.concat([Buffer.from("tm-client-wrap-v1"), Buffer.from(meshId, "hex"), Buffer.from(client, "hex")]);
}
