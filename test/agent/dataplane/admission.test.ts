// Handshake limits: buckets per source, cookies under load, a cap over all.
import { describe, expect, it } from "vitest";
import { AdmissionControl } from "../../../agent/dataplane/admission.ts";
import { cookieSource, sourceKey } from "../../../agent/dataplane/source.ts";
import type { Path } from "../../../agent/transport/path.ts";
import { parseNodeId } from "../../../protocol/brand.ts";
import { appendMacs } from "../../../protocol/wireguard/macs.ts";
import { tunnelProfile } from "../../../protocol/wireguard/profile.ts";

const from = (address: string): Path => ({ kind: "direct", address, port: 51820 });
const key = new Uint8Array(32).fill(1);
const head = new Uint8Array(116).fill(2);
const bare = appendMacs(tunnelProfile, key, head);
const make = (): AdmissionControl => new AdmissionControl((length) => new Uint8Array(length).fill(5));

function flood(admission: AdmissionControl, count: number, now: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const path = from(`203.0.${index >>> 8}.${index & 255}`);
    return admission.admit(path, bare, now);
  });
}

describe("admission", () => {
  it("lets the handshakes of a normal day in", () => {
    expect(new Set(flood(make(), 100, 0))).toEqual(new Set(["admitted"]));
  });

  it("asks for a cookie under load and lets in who brings it, five at once and twenty a second", () => {
    const admission = make();
    expect(flood(admission, 120, 0).slice(100)).toEqual(Array(20).fill("cookie"));
    const path = from("198.18.0.1");
    const proven = appendMacs(tunnelProfile, key, head, admission.cookie(path, 0));
    const tries = (count: number, now: number): number =>
      Array.from({ length: count }, () => admission.admit(path, proven, now)).filter(
        (verdict) => verdict === "admitted",
      ).length;
    expect(tries(10, 1)).toBe(5);
    expect(tries(10, 101)).toBe(2);
  });

  it("does not take one source's cookie from another", () => {
    const admission = make();
    flood(admission, 120, 0);
    const [one, other] = [from("198.18.0.1"), from("198.18.0.2")];
    const proven = appendMacs(tunnelProfile, key, head, admission.cookie(one, 0));
    expect(admission.admit(other, proven, 1)).toBe("cookie");
  });

  it("takes a cookie for 120 s, and then asks for a new one", () => {
    let number = 0;
    const admission = new AdmissionControl((length) => new Uint8Array(length).fill(++number));
    const path = from("198.18.0.1");
    flood(admission, 120, 0);
    const cookie = admission.cookie(path, 0);
    const proven = appendMacs(tunnelProfile, key, head, cookie);
    flood(admission, 120, 119_500);
    expect(admission.admit(path, proven, 119_900)).toBe("admitted");
    expect(admission.admit(path, proven, 120_000)).toBe("cookie");
    expect(admission.cookie(path, 120_000)).not.toEqual(cookie);
  });

  it("sends no more than five hundred cookies a second, however many sources ask", () => {
    const admission = make();
    const verdicts: string[] = [];
    for (let now = 0; now < 3_000; now += 10) verdicts.push(...flood(admission, 200, now));
    const cookies = verdicts.filter((verdict) => verdict === "cookie").length;
    // What is saved up at the start is a hundred.
    expect(cookies).toBeGreaterThan(1_400);
    expect(cookies).toBeLessThanOrEqual(1_600);
    expect(verdicts.filter((verdict) => verdict === "admitted").length).toBe(100);
    expect(verdicts.filter((verdict) => verdict === "cookieLimit").length).toBe(60_000 - 100 - cookies);
  });

  it("lets a peer in without a cookie where it is expected, and whoever says to be there no oftener than a peer asks", () => {
    const admission = make();
    for (let now = 0; now < 1_000; now += 10) flood(admission, 200, now);
    const path = from("198.18.0.1");
    expect(admission.admit(path, bare, 1_000, true)).toBe("admitted");
    expect(admission.admit(from("198.18.0.2"), bare, 1_000, false)).not.toBe("admitted");
    const spoofed = Array.from({ length: 1_000 }, (_, index) => admission.admit(path, bare, 1_000 + index, true));
    expect(spoofed.filter((verdict) => verdict === "admitted").length).toBeLessThanOrEqual(25);
    // That took nothing from those who are expected elsewhere.
    expect(admission.admit(from("198.18.0.3"), bare, 2_000, true)).toBe("admitted");
  });

  it("is calm again a second after the flood", () => {
    const admission = make();
    flood(admission, 500, 0);
    expect(flood(admission, 1, 1_100)).toEqual(["admitted"]);
  });

  it("limits one source that floods slowly enough not to be load", () => {
    const admission = make();
    const path = from("2001:db8::1");
    let admitted = 0;
    for (let now = 0; now < 10_000; now += 12) {
      if (admission.admit(path, bare, now) === "admitted") admitted += 1;
    }
    expect(admitted).toBeLessThanOrEqual(1_100);
  });
});

describe("a source's bucket", () => {
  it("is one per IPv4 address, IPv6 /64 and relayed node", () => {
    const relayed: Path = { kind: "relay", nid: parseNodeId("a".repeat(64)) };
    expect(sourceKey(from("2001:db8::1"))).toBe(sourceKey(from("2001:db8::ffff")));
    expect(sourceKey(from("2001:db8:0:1::1"))).not.toBe(sourceKey(from("2001:db8::1")));
    expect(sourceKey(from("10.0.0.1"))).not.toBe(sourceKey(from("10.0.0.2")));
    expect(sourceKey(relayed)).toContain("relay");
    expect(cookieSource(from("fe80::1%eth0"))).toEqual(cookieSource(from("fe80::1")));
  });
});
