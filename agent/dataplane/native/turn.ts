// Gives the program that receives from the tunnel its turn: on few cores that is worth more than the time it takes.
import type { NativeCalls } from "../../system/native-calls.ts";
import type { Arena } from "./arena.ts";
import { layout } from "./layout.ts";
import { gsoType } from "./virtio.ts";

/**
 * UDP packets of one write after which the thread sleeps. The kernel puts each into the program's socket, which holds some 270
 * small ones by default and drops the rest; our own socket holds thousands meanwhile.
 */
const manyPackets = 32;
/** Microseconds. The kernel's timer slack makes 50 to 60 of it. */
const pause = 1;

/** Call after a write of `joined` packets. TCP waits for its receiver by itself: a yield is enough. */
export function giveTurn({ schedYield, usleep }: NativeCalls, { bytes }: Arena, joined: number): void {
  // A core that sleeps takes over who waits for another; one that yields does not.
  if (joined >= manyPackets && bytes[layout.writeHeader + 1] === gsoType.udp) usleep(pause);
  else schedYield();
}
