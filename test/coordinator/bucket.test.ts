// Token buckets and what counts as one sender.
import { describe, expect, it } from "vitest";
import { AddressBuckets, addressGroup, plainAddress, TokenBucket } from "../../coordinator/wire/bucket.ts";

describe("a token bucket", () => {
  it("gives its burst at once, then its rate, and never more than its burst", () => {
    const bucket = new TokenBucket(10, 5, 0);
    const granted = (now: number): number => {
      let count = 0;
      while (bucket.take(1, now)) count += 1;
      return count;
    };
    expect(granted(0)).toBe(5);
    expect(granted(99)).toBe(0);
    expect(granted(200)).toBe(2);
    expect(granted(100_000)).toBe(5);
    expect(bucket.take(6, 200_000)).toBe(false);
    // A clock that goes back gives nothing.
    expect(granted(200_000)).toBe(5);
    expect(granted(0)).toBe(0);
  });
});

describe("buckets by address", () => {
  it("hold one sender without holding others, and remember a bounded number", () => {
    const buckets = new AddressBuckets(1, 2);
    expect([0, 1, 2].map(() => buckets.take("192.0.2.1", 0))).toEqual([true, true, false]);
    expect(buckets.take("192.0.2.2", 0)).toBe(true);
    expect(buckets.take("2001:db8::1", 0)).toBe(true);
    expect(buckets.take("2001:db8::2", 0)).toBe(true);
    expect(buckets.take("2001:db8::3", 0)).toBe(false);
    for (let index = 0; index < 10_000; index += 1) buckets.take(`10.0.${index >> 8}.${index & 255}`, 0);
    expect(buckets.size).toBe(8192);
  });

  it.each([
    ["::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"],
    ["192.0.2.1", "192.0.2.1", "192.0.2.1"],
    ["fe80::1%eth0", "fe80::1", "65152:0:0:0"],
    ["2001:db8:1:2:3::4", "2001:db8:1:2:3::4", "8193:3512:1:2"],
  ])("see %s as %s of %s", (address, plain, group) => {
    expect(plainAddress(address)).toBe(plain);
    expect(addressGroup(address)).toBe(group);
  });
});
