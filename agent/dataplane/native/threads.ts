// How many threads move packets, and which of them a tunnel index belongs to.

/** Beyond this the kernel's own work is what limits. */
export const mostThreads = 16;

/**
 * Threads where nothing else is said: one on one or two cores, which the kernel and the programs that use the tunnel need as well,
 * and two where there are more. With a third the agent would be larger than its 96 MB.
 */
export function defaultThreads(cores: number): number {
  return cores <= 2 ? 1 : 2;
}

/** The thread that receives what is sealed for this index: its lowest byte decides, as in the program that steers datagrams. */
export function threadOf(index: number, threads: number): number {
  return (index & 0xff) % threads;
}

/** An index of this thread, made of a random one: 24 of its bits stay as they were, and most of the lowest byte. */
export function placeIndex(random: number, thread: number, threads: number): number {
  const low = random & 0xff;
  const moved = low - (low % threads) + thread;
  return ((random & 0xffff_ff00) | (moved > 0xff ? moved - threads : moved)) >>> 0;
}
