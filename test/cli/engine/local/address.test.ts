// Ranges and addresses of local networks never overlap with each other or with the machine's routes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  hostAddresses,
  networkAddresses,
  overlaps,
  pickIndex,
  pickRanges,
} from "../../../../cli/engine/local/address.ts";

describe("overlaps", () => {
  it.each([
    ["198.18.7.0/24", "198.18.0.0/15", true],
    ["198.18.7.0/24", "198.18.7.254", true],
    ["198.18.7.0/24", "198.18.8.0/24", false],
    ["fd12:1:2::/48", "fd12:1:2:3::/64", true],
    ["fd12:1:2::/48", "fd12:1:3::/48", false],
    ["198.18.7.0/24", "fd12:1:3::/48", false],
  ])("%s and %s: %s", (a, b, expected) => {
    expect(overlaps(a, b)).toBe(expected);
    expect(overlaps(b, a)).toBe(expected);
  });
});

describe("pickRanges", () => {
  it("gives the same network the same ranges, in 198.18.0.0/15 and fd00::/8", () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const ranges = pickRanges(seed, [], []);
        expect(pickRanges(seed, [], [])).toEqual(ranges);
        const { all4, all6 } = networkAddresses(ranges);
        expect(overlaps(all4, "198.18.0.0/15")).toBe(true);
        expect(overlaps(all6, "fd00::/8")).toBe(true);
      }),
    );
  });

  it("keeps away from routes and from other networks until nothing is left", () => {
    const routes = ["198.18.0.0/16", "198.19.0.0/17", "198.19.128.0/18", "198.19.192.0/19", "198.19.230.7"];
    const taken: { subnet: string; prefix6: string }[] = [];
    for (let count = 0; count < 31; count++) {
      const ranges = pickRanges("same", routes, taken);
      expect(ranges.subnet.startsWith("198.19.")).toBe(true);
      expect(ranges.subnet).not.toBe("198.19.230");
      taken.push(ranges);
    }
    expect(new Set(taken.map((one) => one.subnet)).size).toBe(31);
    expect(() => pickRanges("same", routes, taken)).toThrow(/no room/);
  });
});

describe("addresses of hosts", () => {
  const network = { subnet: "198.18.7", prefix6: "fd12:1:2" };

  it("are all different in a network as full as it can be", () => {
    const hosts: { nat: "none" | "port-restricted"; index: number; inside: number }[] = [];
    for (let count = 0; count < 125; count++) {
      const nat = count < 31 ? "port-restricted" : "none";
      hosts.push({ nat, ...pickIndex(nat, hosts) });
    }
    expect(() => pickIndex("none", hosts)).toThrow(/no room/);
    const { router4, machine4, router6, link6, machine6 } = networkAddresses(network);
    const all = [router4, machine4, router6, link6, machine6];
    for (const host of hosts) {
      const at = hostAddresses(network, host);
      all.push(at.outside4, at.outside6);
      if (host.nat !== "none") all.push(at.own4, at.own6, at.gateway4, at.gateway6);
    }
    expect(new Set(all).size).toBe(all.length);
    for (const address of all)
      expect(overlaps(address, address.includes(":") ? "fd12:1:2::/48" : "198.18.7.0/24")).toBe(true);
  });

  it("use a freed number again", () => {
    expect(pickIndex("none", [{ nat: "none", index: 3, inside: 0 }])).toEqual({ index: 2, inside: 0 });
    expect(pickIndex("port-restricted", [{ nat: "port-restricted", index: 2, inside: 0 }])).toEqual({
      index: 3,
      inside: 1,
    });
  });
});
