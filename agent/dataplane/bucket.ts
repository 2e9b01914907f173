// A token bucket: so many at once, and so many more as time goes by.

export interface Bucket {
  tokens: number;
  at: number;
}

export interface Rate {
  /** Tokens per millisecond. */
  readonly rate: number;
  readonly burst: number;
}

export function fullBucket({ burst }: Rate): Bucket {
  return { tokens: burst, at: Number.NEGATIVE_INFINITY };
}

/** Takes one token; false when there is none. `now` in milliseconds of a clock that is never set. */
export function takeToken(bucket: Bucket, { rate, burst }: Rate, now: number): boolean {
  bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) * rate);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
