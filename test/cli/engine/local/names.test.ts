// Names on the machine fit the kernel, tell state folders apart, and lead back to what they name.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostNames, networkNames, parseName, statePrefix } from "../../../../cli/engine/local/names.ts";

describe("names of local hosts", () => {
  it("stay within 15 bytes and are found again by their prefix alone", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (state, network, name) => {
        const prefix = statePrefix(state);
        const { key, router, link, table } = networkNames(prefix, network);
        const host = hostNames(prefix, network, name);
        for (const one of [router, link, table, host.machine, host.nat, host.port]) {
          expect(one.length).toBeLessThanOrEqual(15);
          expect(one).toMatch(/^[a-z][a-z0-9]*$/);
        }
        expect(parseName(prefix, router)).toEqual({ kind: "router", key });
        expect(parseName(prefix, link)).toEqual({ kind: "link", key });
        expect(parseName(prefix, table)).toEqual({ kind: "table", key });
        expect(parseName(prefix, host.machine)).toEqual({ kind: "host", key: host.key });
        expect(parseName(prefix, host.nat)).toEqual({ kind: "nat", key: host.key });
      }),
    );
  });

  it("differ between state folders, networks and hosts", () => {
    const [here, there] = [statePrefix("/a"), statePrefix("/b")];
    expect(parseName(there, networkNames(here, "x").router)).toBeUndefined();
    expect(hostNames(here, "x", "y").key).not.toBe(hostNames(here, "xy", "").key);
    expect(networkNames(here, "x").key).not.toBe(networkNames(here, "y").key);
  });

  it.each(["eth0", "", "tm", `${statePrefix("/a")}h12345678`, `${statePrefix("/a")}x1234567`])("are not %j", (name) => {
    expect(parseName(statePrefix("/a"), name)).toBeUndefined();
  });
});
