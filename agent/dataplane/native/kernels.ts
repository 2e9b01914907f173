// Byte work in SIMD: Internet checksums, and what surrounds the cipher: nonce, padding, length block, saved neighbours.
import { layout } from "./layout.ts";
import { encodeModule, type WasmFunction, wasm } from "./wasm.ts";

/** Every address is an offset into the arena. */
export interface Kernels {
  /** Ones' complement sum of `length` bytes and `start`, folded to 16 bits, in the host's byte order (RFC 1071). */
  sum(at: number, length: number, start: number): number;
  /** Copies in steps of 16 bytes, upwards: up to 15 more than `length`. */
  copy(to: number, from: number, length: number): void;
  /**
   * Before ChaCha20 runs from `plaintext` − 64 to `output` − 48: 64 zero bytes in front, zero padding behind, nonce; what is
   * overwritten for good is saved.
   */
  prepareSeal(
    plaintext: number,
    length: number,
    padded: number,
    output: number,
    counterLow: number,
    counterHigh: number,
  ): void;
  /** After it: header of message 4, pad and length block for Poly1305, saved bytes put back. */
  finishSeal(plaintext: number, length: number, padded: number, output: number, receiverIndex: number): void;
  /** Before a ciphertext of `length` bytes is authenticated and decrypted: nonce from its header, key-stream input, length block. */
  prepareOpen(ciphertext: number, length: number): void;
  /** After it: the next header put back. 1 when the computed tag is the one that came, compared in constant time. */
  finishOpen(ciphertext: number, length: number): number;
}

const { get, set, call, i32, i64, add32, sub32, and32, add64, extend } = wasm;
const { load64, load128, store32, store64, store128, zero128 } = wasm;

/** Sum in 64 bits, not folded. Locals: 2 accumulator, 3 second, 4 end, 5 result. */
const wideSum: WasmFunction = {
  name: "wideSum",
  parameters: ["i32", "i32"],
  result: "i64",
  locals: ["v128", "v128", "i32", "i64"],
  body: [
    set(4, add32(get(0), and32(get(1), i32(-32)))),
    wasm.whileTrue(
      wasm.lessUnsigned(get(0), get(4)),
      set(2, wasm.add32x4(get(2), wasm.addPairs16to32(load128(0, get(0))))),
      set(3, wasm.add32x4(get(3), wasm.addPairs16to32(load128(16, get(0))))),
      set(0, add32(get(0), i32(32))),
    ),
    set(2, wasm.add32x4(get(2), get(3))),
    ...[0, 1, 2, 3].map((lane) => set(5, add64(get(5), extend(wasm.lane32(lane, get(2)))))),
    set(1, and32(get(1), i32(31))),
    wasm.whileTrue(
      wasm.atLeastUnsigned(get(1), i32(4)),
      set(5, add64(get(5), wasm.load32as64(0, get(0)))),
      set(0, add32(get(0), i32(4))),
      set(1, sub32(get(1), i32(4))),
    ),
    wasm.when(and32(get(1), i32(2)), set(5, add64(get(5), wasm.load16as64(0, get(0)))), set(0, add32(get(0), i32(2)))),
    wasm.when(and32(get(1), i32(1)), set(5, add64(get(5), wasm.load8as64(0, get(0))))),
    get(5),
  ],
};

const fold = (bits: number, mask: number) =>
  set(3, add64(wasm.and64(get(3), i64(mask)), wasm.shiftRight64(get(3), i64(bits))));

const sum: WasmFunction = {
  name: "sum",
  parameters: ["i32", "i32", "i32"],
  result: "i32",
  locals: ["i64"],
  body: [
    set(3, add64(call(0, get(0), get(1)), extend(get(2)))),
    fold(32, 0xffff_ffff),
    fold(16, 0xffff),
    fold(16, 0xffff),
    fold(16, 0xffff),
    wasm.wrap(get(3)),
  ],
};

const copy: WasmFunction = {
  name: "copy",
  parameters: ["i32", "i32", "i32"],
  locals: ["i32"],
  body: [
    wasm.whileTrue(
      wasm.lessUnsigned(get(3), get(2)),
      store128(0, add32(get(0), get(3)), load128(0, add32(get(1), get(3)))),
      set(3, add32(get(3), i32(16))),
    ),
  ],
};

const zeroBefore = (local: number) =>
  [64, 48, 32, 16].map((distance) => store128(0, sub32(get(local), i32(distance)), zero128));
const copyBefore = (distance: number, local: number, saved: number) =>
  store128(saved, i32(0), load128(0, sub32(get(local), i32(distance))));
const restoreBefore = (distance: number, local: number, saved: number) =>
  store128(0, sub32(get(local), i32(distance)), load128(saved, i32(0)));

const prepareSeal: WasmFunction = {
  name: "prepareSeal",
  parameters: ["i32", "i32", "i32", "i32", "i32", "i32"],
  body: [
    ...zeroBefore(0),
    copyBefore(48, 3, layout.savedOutput),
    copyBefore(32, 3, layout.savedOutput + 16),
    copyBefore(16, 3, layout.savedOutput + 32),
    set(0, add32(get(0), get(1))),
    store128(layout.savedInput, i32(0), load128(0, get(0))),
    wasm.when(sub32(get(2), get(1)), store128(0, get(0), zero128)),
    store32(layout.nonce + 8, i32(0), get(4)),
    store32(layout.nonce + 12, i32(0), get(5)),
  ],
};

/** Local 5: where the padded ciphertext ends. */
const finishSeal: WasmFunction = {
  name: "finishSeal",
  parameters: ["i32", "i32", "i32", "i32", "i32"],
  locals: ["i32"],
  body: [
    restoreBefore(48, 3, layout.savedOutput),
    restoreBefore(32, 3, layout.savedOutput + 16),
    restoreBefore(16, 3, layout.savedOutput + 32),
    store128(0, add32(get(0), get(1)), load128(layout.savedInput, i32(0))),
    store32(0, get(3), i32(4)),
    store32(4, get(3), get(4)),
    store64(8, get(3), load64(layout.nonce + 8, i32(0))),
    store128(16, add32(get(3), get(2)), zero128),
    set(5, add32(get(3), and32(add32(get(2), i32(15)), i32(-16)))),
    store64(16, get(5), i64(0)),
    store64(24, get(5), extend(get(2))),
  ],
};

/** Local 2: end of the ciphertext. */
const prepareOpen: WasmFunction = {
  name: "prepareOpen",
  parameters: ["i32", "i32"],
  locals: ["i32"],
  body: [
    store64(layout.nonce + 8, i32(0), load64(0, sub32(get(0), i32(8)))),
    ...zeroBefore(0),
    set(2, add32(get(0), get(1))),
    store128(layout.savedTag, i32(0), load128(0, get(2))),
    store128(layout.savedTag + 16, i32(0), load128(16, get(2))),
    store128(0, get(2), zero128),
    set(2, add32(get(0), and32(add32(get(1), i32(15)), i32(-16)))),
    store64(0, get(2), i64(0)),
    store64(8, get(2), extend(get(1))),
  ],
};

const finishOpen: WasmFunction = {
  name: "finishOpen",
  parameters: ["i32", "i32"],
  result: "i32",
  body: [
    store128(16, add32(get(0), get(1)), load128(layout.savedTag + 16, i32(0))),
    wasm.eqz32(wasm.anyTrue(wasm.xor128(load128(layout.computedTag, i32(0)), load128(layout.savedTag, i32(0))))),
  ],
};

/** A block of memory of whole pages, as WebAssembly sees it. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** What is used of WebAssembly's JavaScript interface, which the types of Node leave out. */
interface WasmEngine {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

const engine = (globalThis as unknown as { readonly WebAssembly: WasmEngine }).WebAssembly;

/** Memory of `pages` × 64 KiB, all zero. */
export function makeMemory(pages: number): WasmMemory {
  return new engine.Memory({ initial: pages, maximum: pages });
}

/** Compiles the kernels over a memory. @throws Error where the processor has no SIMD */
export function compileKernels(memory: WasmMemory): Kernels {
  const bytes = encodeModule([wideSum, sum, copy, prepareSeal, finishSeal, prepareOpen, finishOpen]);
  const instance = new engine.Instance(new engine.Module(bytes), { env: { memory } });
  return instance.exports as Kernels;
}
