// ChaCha20-Poly1305 from arena to arena, by the parts of OpenSSL themselves or through its public interface (RFC 8439).
import { bindDirectCipher, bindEvp } from "../../system/native-calls.ts";
import type { Arena } from "./arena.ts";
import { layout } from "./layout.ts";

/** Offsets into the arena; 64 bytes before every plaintext and ciphertext are free. */
export interface Cipher {
  readonly kind: "direct" | "evp";
  /**
   * Writes message 4 to `output`: header, ciphertext of `padded` bytes, tag (WireGuard paper §5.4.6). Of the plaintext's `padded`
   * bytes those behind `length` count as zero. `key`: 32 bytes.
   */
  seal(
    plaintext: number,
    length: number,
    padded: number,
    output: number,
    receiverIndex: number,
    counter: number,
    key: number,
  ): void;
  /** Opens `length` bytes of ciphertext that lie behind their header; false, with rubbish as plaintext, when the tag is wrong. */
  open(ciphertext: number, length: number, plaintext: number, key: number): boolean;
  close(): void;
}

/** Calls ChaCha20 and Poly1305 directly: no context to set up per packet. @throws Error when Node does not export them */
export function makeDirectCipher(arena: Arena): Cipher {
  const { chacha20, polyInit, polyUpdate, polyFinal } = bindDirectCipher();
  const { kernels, base } = arena;
  const nonce = base + layout.nonce;
  const poly = base + layout.poly;
  const computed = base + layout.computedTag;
  return {
    kind: "direct",
    // One run of the cipher over 64 zero bytes and the plaintext: the first 32 bytes are the key of Poly1305 (RFC 8439 §2.6).
    seal(plaintext, length, padded, output, receiverIndex, counter, key) {
      kernels.prepareSeal(plaintext, length, padded, output, counter | 0, (counter / 0x1_0000_0000) | 0);
      chacha20(base + output - 48, base + plaintext - 64, padded + 64, base + key, nonce);
      polyInit(poly, base + output - 48);
      kernels.finishSeal(plaintext, length, padded, output, receiverIndex);
      polyUpdate(poly, base + output + 16, ((padded + 15) & ~15) + 16);
      polyFinal(poly, base + output + 16 + padded);
    },
    open(ciphertext, length, plaintext, key) {
      kernels.prepareOpen(ciphertext, length);
      chacha20(base + plaintext - 64, base + ciphertext - 64, length + 64, base + key, nonce);
      polyInit(poly, base + plaintext - 64);
      polyUpdate(poly, base + ciphertext, ((length + 15) & ~15) + 16);
      polyFinal(poly, computed);
      return kernels.finishOpen(ciphertext, length) === 1;
    },
    close: () => undefined,
  };
}

const getTag = 0x10;
const setTag = 0x11;

/** Goes through OpenSSL's public interface. @throws Error when Node does not export it, or it fails */
export function makeEvpCipher(arena: Arena): Cipher {
  const evp = bindEvp();
  const { kernels, base, bytes } = arena;
  const context = evp.newContext();
  const algorithm = evp.cipher();
  const produced = base + layout.smallInteger;
  const iv = base + layout.nonce + 4;
  const init = (key: number, encrypt: number): boolean =>
    evp.init(context, algorithm, 0, base + key, iv, encrypt) === 1;
  return {
    kind: "evp",
    seal(plaintext, length, padded, output, receiverIndex, counter, key) {
      kernels.prepareSeal(plaintext, length, padded, output, counter | 0, (counter / 0x1_0000_0000) | 0);
      // The cipher reads its input here, so the padding must stay until it has.
      const text = output + 16;
      const done =
        init(key, 1) &&
        (padded === 0 || evp.update(context, base + text, produced, base + plaintext, padded) === 1) &&
        evp.final(context, base + text + padded, produced) === 1;
      if (!done) throw new Error("OpenSSL did not encrypt");
      kernels.finishSeal(plaintext, length, padded, output, receiverIndex);
      if (evp.control(context, getTag, 16, base + text + padded) !== 1) throw new Error("OpenSSL gave no tag");
    },
    open(ciphertext, length, plaintext, key) {
      kernels.prepareOpen(ciphertext, length);
      const opened =
        init(key, 0) &&
        evp.control(context, setTag, 16, base + layout.savedTag) === 1 &&
        (length === 0 || evp.update(context, base + plaintext, produced, base + ciphertext, length) === 1) &&
        evp.final(context, base + plaintext + length, produced) === 1;
      bytes.fill(0, layout.computedTag, layout.computedTag + 16);
      kernels.finishOpen(ciphertext, length);
      return opened;
    },
    close: () => evp.freeContext(context),
  };
}
