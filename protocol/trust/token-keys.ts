// The two keys of a join token, from its seed by HKDF, and its id (protocol.md §6).
import { createHash, hkdfSync, sign } from "node:crypto";
import type { MeshId, X25519PrivateKey, X25519PublicKey } from "../brand.ts";
import { publicKeyOf } from "../noise/primitives.ts";
import { ed25519PrivateKey, ed25519PublicPoint } from "./ed25519.ts";
import { type Signer, seedSigner } from "./signing.ts";
import type { X25519Pair } from "./tunnel-keys.ts";

export interface TokenKeys {
  /** 16 hexadecimal digits. */
  readonly tid: string;
  /** Ed25519 public key, 32 bytes: `pub` of the log entry. */
  readonly pub: Uint8Array;
  /** Signs grants and proofs in the namespace token@tunnelmesh. */
  readonly signer: Signer;
  /**
   * Ed25519 over `data` as it is, with the same key: how a token of CI logs in over SSH (RFC 4252 §7). What SSH has signed begins
   * with the length of a session id, what `signer` signs with "SSHSIG": neither passes for the other.
   */
  readonly signLogin: (data: Uint8Array) => Uint8Array;
  /** Network secrets are sealed to its public half: `wrapPub` of the log entry. */
  readonly wrap: X25519Pair;
}

/**
 * HKDF-SHA256(ikm = seed, salt = mesh id, info = "tm-join-sign-v1" | "tm-join-wrap-v1", 32).
 * @param seed 32 bytes, the secret of the token
 */
export function tokenKeys(seed: Uint8Array, meshId: MeshId): TokenKeys {
  if (seed.length !== 32) throw new RangeError("the seed of a token has 32 bytes");
  const expand = (label: string): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", seed, Buffer.from(meshId, "hex"), label, 32));
  const signing = expand("tm-join-sign-v1");
  const privateKey = expand("tm-join-wrap-v1") as X25519PrivateKey;
  const pub = ed25519PublicPoint(signing);
  const wrap = { privateKey, publicKey: publicKeyOf(privateKey) as X25519PublicKey };
  const signLogin = (data: Uint8Array) => Uint8Array.from(sign(null, data, ed25519PrivateKey(signing)));
  return { tid: tokenIdOf(pub), pub, signer: seedSigner(signing), signLogin, wrap };
}

/** SHA-256 of the token's Ed25519 public key, its first 8 bytes in hexadecimal digits. */
export function tokenIdOf(pub: Uint8Array): string {
  return createHash("sha256").update(pub).digest("hex").slice(0, 16);
}
