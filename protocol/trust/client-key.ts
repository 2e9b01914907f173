// The key of a stock WireGuard client as the SSH key that its grant needs: the point of Ed25519 that maps to its tunnel key.
import { ed25519 } from "@noble/curves/ed25519.js";
import type { X25519PublicKey } from "../brand.ts";
import { isUsableX25519 } from "./curve-points.ts";
import { parseSshPublicKey, type SshPublicKey } from "./ssh-public-key.ts";
import { sshString } from "./ssh-wire.ts";
import { mapToX25519 } from "./tunnel-keys.ts";

const prime = (1n << 255n) - 19n;

/**
 * y = (u − 1) / (u + 1) with the sign of x zero, as an "ssh-ed25519" key: `mapToX25519` gives the tunnel key back. So one tunnel
 * key is one node id, and a grant carries a client's key without a field of its own.
 * @param x25519 32 bytes
 * @returns undefined for what no private key gives: small order, the twist, points outside the prime-order group
 */
export function clientSshKey(x25519: Uint8Array): SshPublicKey | undefined {
  if (!isUsableX25519(x25519)) return undefined;
  const { Fp } = ed25519.Point;
  const u = BigInt(`0x${Buffer.from(x25519.toReversed()).toString("hex")}`);
  if (u === prime - 1n) return undefined;
  const y = Fp.mul(Fp.sub(u, 1n), Fp.inv(Fp.add(u, 1n)));
  const point = Uint8Array.from(Buffer.from(y.toString(16).padStart(64, "0"), "hex")).toReversed();
  const key = parseSshPublicKey(Buffer.concat([sshString("ssh-ed25519"), sshString(point)]));
  const mapped = mapToX25519(key);
  return mapped.ok && Buffer.compare(mapped.x25519, x25519) === 0 ? key : undefined;
}

/** The tunnel key of a client's grant; undefined unless `key` is what `clientSshKey` gives for it. */
export function clientTunnelKey(key: SshPublicKey): X25519PublicKey | undefined {
  if (key.material.kind !== "ed25519" || (key.material.point[31]! & 0x80) !== 0) return undefined;
  const mapped = mapToX25519(key);
  return mapped.ok ? mapped.x25519 : undefined;
}
