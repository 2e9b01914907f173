// The native data plane against the portable one and against itself without its offloads, with iperf3 and ping.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Member, makeIdentity, type PlaneChoice, peerConfig } from "./member.ts";
import { TestNetwork } from "./network.ts";

interface Transfer {
  readonly end: {
    readonly sum_received?: { readonly bytes: number };
    readonly sum?: { readonly packets: number; readonly lost_packets: number };
  };
}

async function iperf(network: TestNetwork, address: string, ...more: string[]): Promise<Transfer["end"]> {
  const serving = network.exec("b", "iperf3", "--server", "--one-off");
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { output } = await network.exec("a", "iperf3", "--client", address, "--time", "1", "--json", ...more);
  network.kill();
  await serving;
  return (JSON.parse(output) as Transfer).end;
}

async function expectTraffic(network: TestNetwork, four: string, six: string): Promise<void> {
  for (const address of [four, six]) {
    const large = ["ping", "-c", "10", "-i", "0.05", "-s", "1372", "-W", "5", address];
    expect((await network.exec("a", ...large)).output).toContain(" 0% packet loss");
    expect((await iperf(network, address)).sum_received?.bytes).toBeGreaterThan(100_000);
    expect((await iperf(network, address, "--reverse")).sum_received?.bytes).toBeGreaterThan(100_000);
  }
  const { sum } = await iperf(network, four, "--udp", "--bitrate", "2M", "--length", "128");
  expect(sum?.packets).toBeGreaterThan(500);
  expect(sum?.lost_packets).toBeLessThan((sum?.packets ?? 0) / 10);
}

const pairs: readonly (readonly [string, PlaneChoice, PlaneChoice])[] = [
  ["native and portable", { backend: "native" }, { backend: "portable" }],
  ["native with all offloads and with none", { backend: "native" }, { backend: "native", offloads: "none" }],
];

describe.each(pairs)("%s", (_name, near, far) => {
  const network = new TestNetwork(far.backend === "portable" ? "mp" : "mn");
  const psk = randomBytes(32).toString("hex");
  const alpha = new Member(network, makeIdentity("a", 1), near);
  const beta = new Member(network, makeIdentity("b", 2), far);

  beforeAll(async () => {
    network.member("a", ["198.18.43.1/24"]);
    network.member("b", ["198.18.43.2/24"]);
    await alpha.start([peerConfig(beta.identity, psk, ["198.18.43.2"])]);
    await beta.start([peerConfig(alpha.identity, psk, ["198.18.43.1"])]);
  });

  afterAll(async () => {
    await Promise.all([alpha.remove(), beta.remove()]);
    network.remove();
  });

  it("carry TCP, UDP and pings of both families, and nothing fails to authenticate", async () => {
    await expectTraffic(network, beta.identity.ip4, beta.identity.ip6);
    for (const member of [alpha, beta]) {
      const counters = await member.counters();
      expect(counters["received_authentication"]).toBeUndefined();
      expect(counters["inner_malformed"]).toBeUndefined();
    }
    expect((await alpha.counters())["offload_tso"]).toBe(1);
    expect((await beta.counters())["offload_tso"] ?? 0).toBe(0);
  });
});

describe("where the native data plane does not work", () => {
  const network = new TestNetwork("mf");
  const psk = randomBytes(32).toString("hex");
  const alpha = new Member(network, makeIdentity("a", 1), { backend: "native" });
  const beta = new Member(network, makeIdentity("b", 2), { backend: "native" });

  beforeAll(async () => {
    network.member("a", ["198.18.45.1/24"]);
    network.member("b", ["198.18.45.2/24"]);
    // The text that a release starts the thread from.
    process.env["TUNNELMESH_DATA_PLANE"] = 'throw new Error("no such symbol");';
    await alpha.start([peerConfig(beta.identity, psk, ["198.18.45.2"])]);
    delete process.env["TUNNELMESH_DATA_PLANE"];
    await beta.start([peerConfig(alpha.identity, psk, ["198.18.45.1"])]);
  });

  afterAll(async () => {
    delete process.env["TUNNELMESH_DATA_PLANE"];
    await Promise.all([alpha.remove(), beta.remove()]);
    network.remove();
  });

  it("the portable one takes over and the log says why", async () => {
    expect(await alpha.ask("dataPlane", { method: "counters" })).toBe("portable");
    expect(await beta.ask("dataPlane", { method: "counters" })).toBe("native");
    expect(alpha.log.join("")).toContain("no such symbol");
    const ping = ["ping", "-c", "5", "-i", "0.05", "-W", "5", beta.identity.ip4];
    expect((await network.exec("a", ...ping)).output).toContain(" 0% packet loss");
  });
});
