// Tunnel keys from SSH keys: the public map that anyone can compute, and what the holder of the seed derives (protocol.md §3).
import { createHash, hkdfSync } from "node:crypto";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import type { X25519PrivateKey, X25519PublicKey } from "../brand.ts";
import type { SshPublicKey } from "./ssh-public-key.ts";

export type MapRefusal = "not-ed25519" | "not-canonical" | "small-order" | "mixed-order";

/** A private key and its public half. */
export interface X25519Pair {
  readonly privateKey: X25519PrivateKey;
  readonly publicKey: X25519PublicKey;
}

/**
 * Maps an Ed25519 SSH key to the X25519 key of its node: u = (1 + y) / (1 − y). The sign of x is lost, so an identity is
 * always the SSH key, never u. Points outside the prime-order group are refused: they give several keys one secret.
 */
export function mapToX25519(
  key: SshPublicKey,
): { readonly ok: true; readonly x25519: X25519PublicKey } | { readonly ok: false; readonly reason: MapRefusal } {
  if (key.material.kind !== "ed25519") return { ok: false, reason: "not-ed25519" };
  const point = decodePoint(key.material.point);
  if (point === undefined) return { ok: false, reason: "not-canonical" };
  if (point.isSmallOrder()) return { ok: false, reason: "small-order" };
  if (!point.isTorsionFree()) return { ok: false, reason: "mixed-order" };
  return { ok: true, x25519: ed25519.utils.toMontgomery(key.material.point) as X25519PublicKey };
}

function decodePoint(bytes: Uint8Array): InstanceType<typeof ed25519.Point> | undefined {
  try {
    // Strict RFC 8032 decoding: y below the prime, on the curve, no negative zero.
    return ed25519.Point.fromBytes(bytes, false);
  } catch (error) {
    // noble reports every undecodable encoding by throwing; that is this function's answer.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/**
 * The keys of a node whose identity is a plain Ed25519 key. `x25519` is SHA-512(seed)[0..32], clamped: the partner of
 * `mapToX25519`. `ctl` comes from the seed by HKDF-SHA256, so it stays secret from whoever learns only the curve scalar.
 * @param seed 32 bytes (RFC 8032 §5.1.5)
 */
export function deriveTunnelKeys(seed: Uint8Array): { readonly x25519: X25519Pair; readonly ctl: X25519Pair } {
  if (seed.length !== 32) throw new RangeError("an Ed25519 seed has 32 bytes");
  const scalar = Uint8Array.from(createHash("sha512").update(seed).digest().subarray(0, 32));
  scalar[0]! &= 248;
  scalar[31] = (scalar[31]! & 127) | 64;
  const control = new Uint8Array(hkdfSync("sha256", seed, "tm-ssh-derive-v1", "x25519 control v1", 32));
  return { x25519: pairOf(scalar), ctl: pairOf(control) };
}

function pairOf(privateKey: Uint8Array): X25519Pair {
  return {
    privateKey: privateKey as X25519PrivateKey,
    publicKey: x25519.getPublicKey(privateKey) as X25519PublicKey,
  };
}
