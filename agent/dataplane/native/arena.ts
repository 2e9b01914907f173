// The arena: memory that lives as long as its thread, with views for JavaScript and an address for the kernel.
import { addressOf, mirrorBelow2GiB } from "../../system/native-calls.ts";
import { compileKernels, type Kernels, makeMemory } from "./kernels.ts";
import { arenaPages } from "./layout.ts";

export interface Arena {
  readonly bytes: Uint8Array;
  /** For fields at any alignment. */
  readonly view: DataView;
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
  readonly kernels: Kernels;
  /** Address of offset 0. */
  readonly base: number;
  /** Whether all addresses are small integers. */
  readonly low: boolean;
}

/** Makes one that only JavaScript and WebAssembly use. @throws Error without SIMD */
export function makeArena(): Arena {
  const memory = makeMemory(arenaPages);
  const { buffer } = memory;
  return {
    bytes: new Uint8Array(buffer),
    view: new DataView(buffer),
    words: new Uint32Array(buffer),
    halves: new Uint16Array(buffer),
    kernels: compileKernels(memory),
    base: 0,
    low: true,
  };
}

/** Makes one that the kernel can be pointed to. `low`: mirror it below 2 GiB where that is possible. */
export function makeNativeArena(low: boolean): Arena {
  const arena = makeArena();
  const address = addressOf(arena.bytes);
  const mirror = low ? mirrorBelow2GiB(address, arena.bytes.length) : undefined;
  return { ...arena, base: mirror ?? address, low: mirror !== undefined };
}

/** Writes an address where a struct of the kernel has a pointer or a size_t. */
export function putPointer({ words }: Arena, offset: number, value: number): void {
  words[offset >>> 2] = value;
  words[(offset >>> 2) + 1] = Math.floor(value / 0x1_0000_0000);
}

/** Wipes everything: keys, plaintext, state of the cipher. */
export function wipeArena({ bytes }: Arena): void {
  bytes.fill(0);
}
