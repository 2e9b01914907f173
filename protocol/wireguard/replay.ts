// The replay window of a receiving key (RFC 6479): a ring of bits over the newest counters.

/** Bits in the ring. One word is always being refilled, so this many less one word are usable. */
const ringBits = 8192;
const wordBits = 32;
const words = ringBits / wordBits;
/** How far behind the newest counter a packet may come, as in the kernel with its 64-bit words. */
export const replayWindow = 8128;
/** Counters from here on are never used or accepted; a peer rekeys long before (protocol.md §1.3 no. 8). */
export const counterLimit = Number.MAX_SAFE_INTEGER;

/**
 * Which counters of one key were seen. Ask `accepts` first, authenticate the packet, and only then `mark` it:
 * a forged counter must move nothing.
 */
export class ReplayWindow {
  readonly #ring = new Uint32Array(words);
  /** Newest counter marked; -1 before the first. */
  #newest = -1;

  /** True when the counter is in range and was not seen. Changes nothing. */
  accepts(counter: number): boolean {
    if (!Number.isSafeInteger(counter) || counter < 0 || counter >= counterLimit) return false;
    if (counter > this.#newest) return true;
    if (this.#newest - counter > replayWindow) return false;
    return ((this.#ring[wordOf(counter)]! >>> (counter % wordBits)) & 1) === 0;
  }

  /** Notes an authenticated counter. False, and no change, where `accepts` is false. */
  mark(counter: number): boolean {
    if (!this.accepts(counter)) return false;
    if (counter > this.#newest) {
      this.#clearBetween(this.#newest, counter);
      this.#newest = counter;
    }
    const word = wordOf(counter);
    this.#ring[word] = this.#ring[word]! | (1 << (counter % wordBits));
    return true;
  }

  /** Empties the words that the window moves into; at most the whole ring. */
  #clearBetween(oldest: number, newest: number): void {
    const first = Math.floor(oldest / wordBits) + 1;
    const count = Math.min(words, Math.floor(newest / wordBits) - first + 1);
    for (let step = 0; step < count; step += 1) this.#ring[(first + step) % words] = 0;
  }
}

function wordOf(counter: number): number {
  return Math.floor(counter / wordBits) % words;
}
