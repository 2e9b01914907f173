// The primitives by @noble: the reference, and the faster one for short messages.
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { blake2s } from "@noble/hashes/blake2.js";
import { hmac } from "@noble/hashes/hmac.js";
import { assertLength, type CryptoBackend, tagLength } from "./backend.ts";

export const nobleBackend: CryptoBackend = {
  name: "noble",

  blake2s(...data) {
    const hash = blake2s.create({ dkLen: 32 });
    for (const part of data) hash.update(part);
    return hash.digest();
  },

  hmacBlake2s(key, ...data) {
    const mac = hmac.create(blake2s, key);
    for (const part of data) mac.update(part);
    return mac.digest();
  },

  diffieHellman(privateKey, publicKey) {
    if (privateKey.length !== 32 || publicKey.length !== 32) return undefined;
    try {
      return x25519.getSharedSecret(privateKey, publicKey);
    } catch (error) {
      // With both lengths right, the one thing noble refuses is a zero shared secret.
      if (error instanceof Error) return undefined;
      throw error;
    }
  },

  publicKeyOf(privateKey) {
    assertLength("an X25519 private key", privateKey, 32);
    return x25519.getPublicKey(privateKey);
  },

  seal(key, nonce, plaintext, aad) {
    assertLength("a ChaCha20-Poly1305 key", key, 32);
    assertLength("a ChaCha20-Poly1305 nonce", nonce, 12);
    return chacha20poly1305(key, nonce, aad).encrypt(plaintext);
  },

  open(key, nonce, ciphertext, aad) {
    if (key.length !== 32 || nonce.length !== 12 || ciphertext.length < tagLength) return undefined;
    try {
      return chacha20poly1305(key, nonce, aad).decrypt(ciphertext);
    } catch (error) {
      // Lengths were checked: what is left is a wrong tag.
      if (error instanceof Error) return undefined;
      throw error;
    }
  },
};
