// The program that gives each datagram to the socket of its thread: classic BPF over the UDP payload (linux/filter.h, socket(7)).
import type { NativeCalls } from "../../system/native-calls.ts";
import { type Arena, putPointer } from "./arena.ts";
import { layout } from "./layout.ts";

const solSocket = 1;
/** SO_ATTACH_REUSEPORT_CBPF. */
const attachProgram = 51;
const dataType = 4;
/** BPF_LD | BPF_B | BPF_ABS; BPF_JMP | BPF_JEQ | BPF_K; BPF_ALU | BPF_MOD | BPF_K; BPF_RET | BPF_A; BPF_RET | BPF_K. */
const code = { loadByte: 0x30, jumpEqual: 0x15, modulo: 0x94, returnAccumulator: 0x16, returnConstant: 0x06 } as const;

/**
 * struct sock_filter, one after the other: data of the tunnel goes by the lowest byte of its receiver index (`threadOf`), everything
 * else to socket 0. A datagram too short for a load ends the program with 0, so with socket 0 as well. What UDP_GRO joined goes
 * by its first datagram.
 */
export function steeringProgram(threads: number): Uint8Array {
  const instructions = [
    [code.loadByte, 0, 0, 0],
    [code.jumpEqual, 0, 3, dataType],
    [code.loadByte, 0, 0, 4],
    [code.modulo, 0, 0, threads],
    [code.returnAccumulator, 0, 0, 0],
    [code.returnConstant, 0, 0, 0],
  ] as const;
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [operation, whenTrue, whenFalse, constant]] of instructions.entries()) {
    view.setUint16(index * 8, operation, true);
    bytes[index * 8 + 2] = whenTrue;
    bytes[index * 8 + 3] = whenFalse;
    view.setUint32(index * 8 + 4, constant, true);
  }
  return bytes;
}

/** Steers for the whole group of a socket. False: the kernel refused. */
export function attachSteering(calls: NativeCalls, arena: Arena, fd: number, threads: number): boolean {
  const program = steeringProgram(threads);
  arena.bytes.set(program, layout.outgoing);
  // struct sock_fprog: the number of instructions, and where they lie.
  putPointer(arena, layout.name, program.length / 8);
  putPointer(arena, layout.name + 8, arena.base + layout.outgoing);
  const attached = calls.setsockopt(fd, solSocket, attachProgram, arena.base + layout.name, 16) === 0;
  arena.bytes.fill(0, layout.outgoing, layout.outgoing + program.length);
  return attached;
}
