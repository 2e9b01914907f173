// The plan of addresses and routes, and which routes of a host clash with a mesh.
import { describe, expect, it } from "vitest";
import { findClash, planNetwork, routeStep } from "../../../agent/system/network.ts";

const plan = {
  interface: "tm0",
  mtu: 1420,
  ip4: "100.64.0.1",
  ip6: "fd00::1",
  range: "100.64.0.0/10",
  range6: "fd00::/48",
} as const;

describe("the plan", () => {
  it("sets addresses of this node alone and routes the mesh to the interface", () => {
    expect(planNetwork(plan).map((step) => step.join(" "))).toEqual([
      "link set dev tm0 mtu 1420",
      "addr replace 100.64.0.1/32 dev tm0",
      "-6 addr replace fd00::1/128 dev tm0 nodad",
      "link set dev tm0 up",
      "-4 route replace 100.64.0.0/10 dev tm0 proto static src 100.64.0.1",
      "-6 route replace fd00::/48 dev tm0 proto static",
    ]);
  });

  it("leaves IPv4 out for a node that has no address there", () => {
    const steps = planNetwork({ ...plan, ip4: undefined }).map((step) => step.join(" "));
    expect(steps.filter((step) => step.includes("100.64"))).toEqual([]);
    expect(routeStep("del", "10.0.0.0/8", "tm0").join(" ")).toBe("-4 route del 10.0.0.0/8 dev tm0 proto static");
  });
});

describe("a clash", () => {
  const clash = (dst: string, dev = "eth0"): boolean =>
    findClash([{ dst, dev }], ["100.64.0.0/10", "fd00::/48"], "tm0") !== undefined;

  it("is a route inside, around or equal to the range that leads elsewhere", () => {
    expect(
      ["100.70.0.0/16", "100.64.0.0/10", "100.0.0.0/9", "100.100.1.1", "fd00::5", "fd00::/16"].map((dst) => clash(dst)),
    ).toEqual(Array(6).fill(true));
  });

  it("is neither the default route, nor the mesh's own, nor an unrelated one", () => {
    expect([clash("default"), clash("100.64.0.0/10", "tm0"), clash("10.0.0.0/8"), clash("fe80::/64")]).toEqual(
      Array(4).fill(false),
    );
  });
});
