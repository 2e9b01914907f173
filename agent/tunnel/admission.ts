// Who may cost us a Diffie-Hellman: buckets per source, a cap over all, and cookies when there are many (protocol.md §1.2).
import { cookieLifetime, cookieOf } from "../../protocol/wireguard/cookie.ts";
import { carriesMac2, verifyMac2 } from "../../protocol/wireguard/macs.ts";

interface Bucket {
  tokens: number;
  at: number;
}

interface Rate {
  /** Per millisecond. */
  readonly rate: number;
  readonly burst: number;
}

const calm: Rate = { rate: 0.1, burst: 100 };
const strict: Rate = { rate: 0.02, burst: 5 };
/** Handshakes of one second from which on a source must prove itself. */
const loadFrom = 100;
/** Admitted handshakes of one second beyond which nobody gets in. */
const total = 400;
const stickiness = 1_000;
const bucketLimit = 4_096;

export type Admission = "admitted" | "cookie" | "sourceLimit" | "totalLimit";

export class AdmissionControl {
  readonly #random: (length: number) => Uint8Array;
  readonly #buckets = new Map<string, Bucket>();
  #secret: { readonly value: Uint8Array; readonly at: number } | undefined;
  #second = { at: 0, count: 0, admitted: 0 };
  #loadedUntil = Number.NEGATIVE_INFINITY;

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random;
  }

  /**
   * Judges a message 1 or 2 whose mac1 is right.
   * @param key the source for the buckets, see `sourceKey`
   * @param source the source as cookie input
   */
  admit(key: string, source: Uint8Array, message: Uint8Array, now: number): Admission {
    if (now - this.#second.at >= 1_000) this.#second = { at: now, count: 0, admitted: 0 };
    this.#second.count += 1;
    if (this.#second.count > loadFrom) this.#loadedUntil = now + stickiness;
    const loaded = now < this.#loadedUntil;
    const proven = !loaded || (carriesMac2(message) && verifyMac2(this.cookie(source, now), message));
    if (!proven) return "cookie";
    // What was answered with a cookie cost next to nothing: it must not use up the room of those who came back with theirs.
    if (this.#second.admitted >= total) return "totalLimit";
    if (!this.#take(key, loaded ? strict : calm, now)) return "sourceLimit";
    this.#second.admitted += 1;
    return "admitted";
  }

  /** The cookie of a source; the secret behind it is renewed every 120 s. */
  cookie(source: Uint8Array, now: number): Uint8Array {
    if (this.#secret === undefined || now - this.#secret.at >= cookieLifetime) {
      this.#secret = { value: this.#random(32), at: now };
    }
    return cookieOf(this.#secret.value, source);
  }

  #take(key: string, { rate, burst }: Rate, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now };
    this.#buckets.delete(key);
    if (this.#buckets.size >= bucketLimit) this.#forgetOldest();
    this.#buckets.set(key, bucket);
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) * rate);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
