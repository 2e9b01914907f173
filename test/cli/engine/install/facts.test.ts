// The facts script on this machine, and its answer parsed: whole, empty and torn.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFacts } from "../../../../cli/engine/install/facts.ts";
import { factsScript } from "../../../../cli/engine/install/facts-script.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const lines = (extra: Record<string, string> = {}) =>
  Object.entries({
    machine: "x86_64",
    "free.opt": "/dev/sda1 100 50 2048000 50% /",
    "free.var": "/dev/sda1 100 50 1024 50% /",
    end: "yes",
    ...extra,
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");

describe("facts", () => {
  it("are read from this machine as any user", () => {
    const facts = parseFacts(execFileSync("sh", ["-c", factsScript("no-such-mesh")], { encoding: "utf8" }), "here");
    expect(facts).toMatchObject({
      currentRelease: undefined,
      installed: undefined,
      meshId: undefined,
      agentInstalled: false,
    });
    expect(facts.architecture).toBe(process.arch);
    expect(facts.freeOpt).toBeGreaterThan(0);
  });

  it("keep routes and leave the default route and special ones out", () => {
    const routes = [
      "default via 10.0.0.1 dev eth0",
      "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5",
      "100.64.0.7 via 10.0.0.1 dev eth0",
      "local 127.0.0.1 dev lo table local",
      "unreachable 10.9.0.0/16",
      "fd00::/64 dev eth1 proto kernel metric 256",
      "multicast ff00::/8 dev eth0 table local",
    ].join("\n");
    expect(parseFacts(lines({ routes: base64(routes) }), "t").routes).toEqual([
      { destination: "10.0.0.0/24", device: "eth0" },
      { destination: "100.64.0.7/32", device: "eth0" },
      { destination: "fd00::/64", device: "eth1" },
    ]);
  });

  it("take the mesh id from what is there, and a torn record as none", () => {
    const id = "a".repeat(64);
    expect(parseFacts(lines({ "content.coordinator": base64(`{"meshId":"${id}"}`) }), "t").meshId).toBe(id);
    const torn = parseFacts(lines({ "content.record": base64('{"v":1,"mesh') }), "t");
    expect(torn).toMatchObject({ installed: undefined, meshId: undefined });
  });

  it("say so when the answer was cut off, and never fail in another way", () => {
    expect(() => parseFacts("machine=x86_64\n", "t")).toThrow(expect.objectContaining({ code: "TM_INSTALL_FACTS" }));
    fc.assert(
      fc.property(fc.string(), fc.base64String(), (key, value) => {
        const text = lines({ [key.replaceAll(/[\n=]/g, "")]: value, routes: value, "content.record": value });
        expect(parseFacts(text, "t").systemd).toBeDefined();
      }),
      { numRuns: 100, examples: [["x", ""]] },
    );
  });
});
