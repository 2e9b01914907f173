// Who may cost us a Diffie-Hellman: buckets per source, caps over all, and cookies when there are many (protocol.md §1.2).
import { cookieLifetime, cookieOf } from "../../protocol/wireguard/cookie.ts";
import { carriesMac2, verifyMac2 } from "../../protocol/wireguard/macs.ts";
import type { Path } from "../transport/path.ts";
import { type Bucket, fullBucket, type Rate, takeToken } from "./bucket.ts";
import { cookieSource, sourceKey } from "./source.ts";

const calm: Rate = { rate: 0.1, burst: 100 };
const strict: Rate = { rate: 0.02, burst: 5 };
/** Cookies cost little, and nothing makes up for them while the sources are made up: those beyond 500 a second are not sent. */
const cookies: Rate = { rate: 0.5, burst: 100 };
/** Peers under load that are where they are expected to be. */
const expected: Rate = { rate: 0.2, burst: 200 };
/** Handshakes of one second from which on a source must prove itself. */
const loadFrom = 100;
/** Admitted handshakes of one second beyond which nobody gets in. */
const total = 400;
const stickiness = 1_000;
const bucketLimit = 4_096;

export type Admission = "admitted" | "cookie" | "cookieLimit" | "sourceLimit" | "totalLimit";

export class AdmissionControl {
  readonly #random: (length: number) => Uint8Array;
  readonly #buckets = new Map<string, Bucket>();
  readonly #cookies = fullBucket(cookies);
  readonly #expected = fullBucket(expected);
  #secret: { readonly value: Uint8Array; readonly at: number } | undefined;
  #second = { at: 0, count: 0, admitted: 0 };
  #loadedUntil = Number.NEGATIVE_INFINITY;

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random;
  }

  /**
   * Judges a message 1 or 2 whose mac1 is right.
   * @param known whether a peer is expected at this address. Under load it needs no cookie for as many handshakes as a peer makes:
   * somebody else who writes that address on what he sends takes only this away from it.
   */
  admit(path: Path, message: Uint8Array, now: number, known = false): Admission {
    if (now - this.#second.at >= 1_000) this.#second = { at: now, count: 0, admitted: 0 };
    this.#second.count += 1;
    if (this.#second.count > loadFrom) this.#loadedUntil = now + stickiness;
    const loaded = now < this.#loadedUntil;
    if (loaded && known && this.#take(`known ${sourceKey(path)}`, strict, now)) {
      if (takeToken(this.#expected, expected, now)) return "admitted";
    }
    const proven = !loaded || (carriesMac2(message) && verifyMac2(this.cookie(path, now), message));
    if (!proven) return takeToken(this.#cookies, cookies, now) ? "cookie" : "cookieLimit";
    // What was answered with a cookie cost next to nothing: it must not use up the room of those who came back with theirs.
    if (this.#second.admitted >= total) return "totalLimit";
    if (!this.#take(sourceKey(path), loaded ? strict : calm, now)) return "sourceLimit";
    this.#second.admitted += 1;
    return "admitted";
  }

  /** The cookie of a source; the secret behind it is renewed every 120 s. */
  cookie(path: Path, now: number): Uint8Array {
    if (this.#secret === undefined || now - this.#secret.at >= cookieLifetime) {
      this.#secret = { value: this.#random(32), at: now };
    }
    return cookieOf(this.#secret.value, cookieSource(path));
  }

  #take(key: string, rate: Rate, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: rate.burst, at: now };
    this.#buckets.delete(key);
    if (this.#buckets.size >= bucketLimit) this.#forgetOldest();
    this.#buckets.set(key, bucket);
    return takeToken(bucket, rate, now);
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
