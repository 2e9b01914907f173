// Chooses how to run the cipher, and lets none run that does not know the answer of RFC 8439.

import { createCipheriv } from "node:crypto";
import { type Arena, putPointer } from "./arena.ts";
import { type Cipher, makeDirectCipher, makeEvpCipher } from "./cipher.ts";
import { layout } from "./layout.ts";
import type { OffloadRegister } from "./offloads.ts";

export type { Cipher } from "./cipher.ts";

/** The faster one that works here. @throws Error when none does */
export function chooseCipher(arena: Arena, offloads: OffloadRegister): Cipher {
  if (offloads.isOn("direct-cipher")) {
    try {
      const cipher = makeDirectCipher(arena);
      if (agrees(arena, cipher)) return cipher;
      offloads.turnOff("direct-cipher", "it gave a wrong answer");
    } catch (error) {
      offloads.turnOff("direct-cipher", error instanceof Error ? error.message : String(error));
    }
  }
  const cipher = makeEvpCipher(arena);
  if (agrees(arena, cipher)) return cipher;
  cipher.close();
  throw new Error("OpenSSL's ChaCha20-Poly1305 gave a wrong answer");
}

/** Seals and opens at several lengths, and refuses a changed tag, exactly as the reference does. Leaves no trace of it. */
function agrees(arena: Arena, cipher: Cipher): boolean {
  const { bytes } = arena;
  const [plaintext, output, opened] = [layout.tunPacket, layout.outgoing, layout.plaintext];
  const key = Uint8Array.from({ length: 32 }, (_, index) => index * 7 + 1);
  const text = Uint8Array.from({ length: 1420 }, (_, index) => (index * 31) & 0xff);
  bytes.set(key, layout.keys);
  putPointer(arena, layout.nonce, 0);
  const right = [0, 1, 15, 16, 17, 64, 255, 1419, 1420].every((length) => {
    const counter = length * 0x1_0000_0001;
    const want = sealPlainly(key, counter, text.subarray(0, length));
    bytes.set(text, plaintext);
    cipher.seal(plaintext, length, length, output, 9, counter, layout.keys);
    const got = bytes.slice(output + 16, output + 32 + length);
    if (Buffer.compare(got, want) !== 0) return false;
    if (!cipher.open(output + 16, length, opened, layout.keys)) return false;
    if (Buffer.compare(bytes.subarray(opened, opened + length), text.subarray(0, length)) !== 0) return false;
    cipher.seal(plaintext, length, length, output, 9, counter, layout.keys);
    bytes[output + 16 + length]! ^= 1;
    return !cipher.open(output + 16, length, opened, layout.keys);
  });
  for (const at of [layout.keys, plaintext, output, opened]) bytes.fill(0, at - 64, at + 2048);
  return right;
}

/** The same through Node's own interface. */
function sealPlainly(key: Uint8Array, counter: number, text: Uint8Array): Uint8Array {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(counter % 0x1_0000_0000, 4);
  nonce.writeUInt32LE(Math.floor(counter / 0x1_0000_0000), 8);
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  const sealed = cipher.update(text);
  return Buffer.concat([sealed, cipher.final(), cipher.getAuthTag()]);
}
