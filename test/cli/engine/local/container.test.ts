// Arguments of the container and lines of the network, as planned.
import { describe, expect, it } from "vitest";
import { containerArguments, scopeArguments } from "../../../../cli/engine/local/container.ts";
import { hostNames, networkNames, statePrefix } from "../../../../cli/engine/local/names.ts";
import type { HostRecord, NetworkRecord } from "../../../../cli/engine/local/record.ts";
import { planInternet, planLink, planRouter, type WireStep } from "../../../../cli/engine/local/wire.ts";

const options = {
  machine: "tm0000h1234567",
  name: "alpha",
  root: "/s/root",
  keys: "/s/keys",
  covered: ["/root", "/tmp"],
};

describe("containerArguments", () => {
  it("joins the host's namespace with the rights that nspawn would drop", () => {
    const args = containerArguments({ ...options, register: false });
    expect(args).toContain("--network-namespace-path=/run/netns/tm0000h1234567");
    expect(args).toContain("--capability=CAP_NET_ADMIN,CAP_NET_RAW");
    expect(args).toContain("--bind=/dev/net/tun");
    expect(args).toContain("--tmpfs=/root:mode=0700");
    expect(args).toContain("--tmpfs=/tmp:mode=1777");
  });

  it("registers where systemd runs the machine, and stays in its own group either way", () => {
    expect(containerArguments({ ...options, register: true }).join(" ")).not.toContain("register");
    expect(containerArguments({ ...options, register: true })).toContain("--keep-unit");
    expect(containerArguments({ ...options, register: false }).slice(-2)).toEqual(["--keep-unit", "--register=no"]);
  });

  it("gives a scope of its own, with no device of the machine but TUN", () => {
    const args = scopeArguments(options.machine);
    expect(args).toContain("--unit=machine-tm0000h1234567.scope");
    expect(args.filter((word) => word.includes("Device"))).toEqual([
      "--property=DevicePolicy=closed",
      "--property=DeviceAllow=/dev/net/tun rwm",
      "--property=DeviceAllow=char-pts rw",
    ]);
    expect(args.at(-1)).toBe("--");
  });
});

describe("the plan of a network", () => {
  const router = networkNames(statePrefix("/s"), "net");
  const names = hostNames(statePrefix("/s"), "net", "alpha");
  const network: NetworkRecord = {
    v: 1,
    network: "net",
    phase: "ready",
    boot: "b",
    subnet: "198.18.7",
    prefix6: "fd12:1:2",
  };
  const host: HostRecord = {
    v: 1,
    network: "net",
    name: "alpha",
    nat: "none",
    internet: false,
    index: 5,
    inside: 0,
    phase: "making",
    owner: { pid: 1, start: "1", boot: "b" },
    hostKey: "",
  };
  const lines = (steps: readonly WireStep[], namespace: string | undefined): string[] =>
    steps.flatMap((step) => (step.kind === "ip" && step.namespace === namespace ? step.lines : []));

  it("gives the router no way out, and the machine a route to the hosts", () => {
    const plan = planRouter(router, network);
    expect(plan[0]).toEqual({ kind: "namespace", name: router.router });
    expect(lines(plan, router.router).some((line) => line.includes("default"))).toBe(false);
    expect(lines(plan, undefined).some((line) => line.startsWith("route add 198.18.7.0/24"))).toBe(true);
  });

  it("puts a host on the bridge, or behind a router of its own that lets only SSH in", () => {
    expect(lines(planLink(router, names, network, host), names.machine)).toContain("addr add 198.18.7.5/25 dev eth0");
    const plan = planLink(router, names, network, { ...host, nat: "port-restricted" });
    expect(lines(plan, names.machine)).toContain("addr add 198.18.7.130/30 dev eth0");
    expect(lines(plan, names.nat)).toContain("addr add 198.18.7.5/25 dev outside");
    const rules = plan.flatMap((step) => (step.kind === "nft" ? [step.rules] : [])).join("");
    expect(rules.match(/policy drop/g)).toHaveLength(2);
    expect(rules).toContain("tcp dport 22 dnat ip to 198.18.7.130");
  });

  it("lets one address out, no other", () => {
    const plan = planInternet(router, network, host);
    expect(lines(plan, router.router)).toContain("rule add pref 40000 from 198.18.7.5 lookup 100");
    const rules = plan.flatMap((step) => (step.kind === "nft" ? [step.rules] : [])).join("");
    expect(rules).toContain("ip saddr != @internet drop");
  });
});
