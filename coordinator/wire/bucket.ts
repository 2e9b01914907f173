// Token buckets: one, and a bounded set of them by address.
import { isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";

/** Fills with `rate` tokens a second up to `burst`. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /** @param now milliseconds of a monotonic clock */
  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes `amount` tokens; takes none and gives false where there are too few. */
  take(amount: number, now: number): boolean {
    const elapsed = Math.max(0, now - this.#at);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsed * this.#rate) / 1000);
    this.#at = now;
    if (this.#tokens < amount) return false;
    this.#tokens -= amount;
    return true;
  }
}

/** At most this many addresses are remembered; the one unseen for longest goes first. */
const addressLimit = 8192;

/** One bucket per IPv4 address or IPv6 /64. */
export class AddressBuckets {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #rate: number;
  readonly #burst: number;

  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#burst = burst;
  }

  get size(): number {
    return this.#buckets.size;
  }

  take(address: string, now: number): boolean {
    const key = addressGroup(address);
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, this.#burst, now);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > addressLimit) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket.take(1, now);
  }
}

/** The plain address of a socket: an IPv4 address mapped into IPv6 becomes IPv4 again, a zone goes. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, "");
  return bare.startsWith("::ffff:") && isIPv4(bare.slice(7)) ? bare.slice(7) : bare;
}

/** What counts as one sender: an IPv4 address, or the /64 of an IPv6 address. */
export function addressGroup(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(":") || !ipaddr.IPv6.isValid(plain)) return plain;
  return ipaddr.IPv6.parse(plain).parts.slice(0, 4).join(":");
}
