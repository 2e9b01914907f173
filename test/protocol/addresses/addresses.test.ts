// Addresses: strict parsing, ranges, allotment, and the addresses that follow from keys.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allotIpv4 } from "../../../protocol/addresses/allot.ts";
import { cidrContains, cidrsOverlap } from "../../../protocol/addresses/cidr.ts";
import {
  addressNumber,
  cidrAround,
  ipv4Of,
  parseCidr,
  parseIpv4,
  parseIpv6,
} from "../../../protocol/addresses/parse.ts";
import { meshUla, nodeIp6 } from "../../../protocol/addresses/ula.ts";
import { parseMeshId } from "../../../protocol/brand.ts";

describe("addresses", () => {
  it("have one text each", () => {
    expect(parseIpv4("100.64.0.1")).toBe("100.64.0.1");
    expect(parseIpv6("FD00:0:0:0::1")).toBe("fd00::1");
    for (const text of ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "0x1.2.3.4", " 1.2.3.4", "1.2.3.4\n"]) {
      expect(() => parseIpv4(text)).toThrow(RangeError);
    }
    for (const text of ["", "1.2.3.4", "fe80::1%eth0", "::g", "1::2::3", ":::"]) {
      expect(() => parseIpv6(text)).toThrow(RangeError);
    }
  });

  it("go to numbers and back", () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(ipv4Of(addressNumber(parseIpv4(text)))).toBe(text);
      }),
    );
  });
});

describe("ranges", () => {
  it("begin at their first address", () => {
    expect(parseCidr("100.64.0.0/10")).toMatchObject({ family: 4, prefix: 10, text: "100.64.0.0/10" });
    expect(parseCidr("FD00::/8").text).toBe("fd00::/8");
    expect(parseCidr("0.0.0.0/0").last).toBe(2n ** 32n - 1n);
    for (const text of ["100.64.0.1/10", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "::1/64", "::/129", "10.0.0/8"]) {
      expect(() => parseCidr(text)).toThrow(RangeError);
    }
  });

  it("hold and overlap", () => {
    expect(cidrContains("100.64.0.0/10", "100.127.255.255")).toBe(true);
    expect(cidrContains("100.64.0.0/10", "100.128.0.0")).toBe(false);
    expect(cidrContains("0.0.0.0/0", "::1")).toBe(false);
    expect(cidrsOverlap("10.0.0.0/8", "10.9.0.0/16")).toBe(true);
    expect(cidrsOverlap("10.0.0.0/9", "10.128.0.0/9")).toBe(false);
    expect(cidrsOverlap("0.0.0.0/0", "::/0")).toBe(false);
  });

  it("lie around an address of theirs", () => {
    expect(cidrAround("10.1.2.3", 8).text).toBe("10.0.0.0/8");
    expect(cidrAround("fd00:1:2:3::4", 48).text).toBe("fd00:1:2::/48");
    expect([cidrAround("10.1.2.3", 32).text, cidrAround("::1", 128).text]).toEqual(["10.1.2.3/32", "::1/128"]);
    expect(cidrAround("255.255.255.255", 0).text).toBe("0.0.0.0/0");
    for (const [address, prefix] of [
      ["10.1.2.3", 33],
      ["::1", 129],
      ["10.1.2.3", -1],
      ["nothing", 8],
    ] as const) {
      expect(() => cidrAround(address, prefix)).toThrow();
    }
  });
});

describe("allotment", () => {
  it("gives the lowest free address and never an end of a range", () => {
    expect(allotIpv4("100.64.0.0/10", [])).toBe("100.64.0.1");
    expect(allotIpv4("100.64.0.0/10", ["100.64.0.1", "100.64.0.3"])).toBe("100.64.0.2");
    const full = Array.from({ length: 254 }, (_, index) => `10.0.0.${index + 1}`);
    expect(allotIpv4("10.0.0.0/16", full)).toBe("10.0.1.1");
    expect(allotIpv4("10.0.0.0/24", full)).toBeUndefined();
    expect(allotIpv4("10.0.0.4/30", ["10.0.0.5"])).toBe("10.0.0.6");
    expect(() => allotIpv4("fd00::/64", [])).toThrow(RangeError);
  });

  it("never gives one address twice", () => {
    const taken: string[] = [];
    for (;;) {
      const next = allotIpv4("10.0.0.0/23", taken);
      if (next === undefined) break;
      expect(taken).not.toContain(next);
      taken.push(next);
    }
    expect(taken).toHaveLength(508);
  });
});

describe("addresses from keys", () => {
  const meshId = parseMeshId("ab".repeat(32));
  const key = Buffer.from("a key blob");
  const sha256 = (...parts: (string | Uint8Array)[]): string =>
    createHash("sha256")
      .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
      .digest("hex");

  it("are the hashes that life.md says", () => {
    const ula = `fd${sha256("tm-ula-v1", Buffer.from(meshId, "hex")).slice(0, 10)}`;
    const host = sha256("tm-ip6-v1", Buffer.from(meshId, "hex"), key).slice(0, 20);
    const hex = addressNumber(nodeIp6(meshId, key)).toString(16);
    expect(hex).toBe(ula + host);
    expect(meshUla(meshId)).toMatch(/^fd[0-9a-f]{2}:[0-9a-f:]+::\/48$/);
    expect(cidrContains(meshUla(meshId), nodeIp6(meshId, key))).toBe(true);
    expect(nodeIp6(meshId, key)).not.toBe(nodeIp6(parseMeshId("ac".repeat(32)), key));
  });
});
