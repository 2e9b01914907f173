// wireguard-go as a client of two gateways: it reaches nodes and is reached, roams, moves to the other gateway, is cut off.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publicKeyOf } from "../../../protocol/noise/primitives.ts";
import type { TunnelPeerConfig } from "../../fixtures/tunnel-config.ts";
import { Member, makeIdentity, peerConfig, range, range6 } from "./member.ts";
import { TestNetwork } from "./network.ts";
import { StockClient } from "./stock-client.ts";

const address = (name: string) => ({ a: "198.18.46.1", b: "198.18.46.2", n: "198.18.46.3" })[name] ?? "";
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

describe.each(["native", "portable"] as const)("a stock client of gateways with the %s data plane", (backend) => {
  const network = new TestNetwork(backend === "native" ? "cn" : "cp");
  const psk = randomBytes(32).toString("hex");
  const clientPsk = randomBytes(32).toString("hex");
  const secret = randomBytes(32);
  const phone = { nid: "9".repeat(64), name: "phone", ip4: "100.64.0.9", ip6: "fd12:3456:789a::9" };
  const identities = ["a", "b", "n"].map((name, index) => makeIdentity(name, index + 1));
  const via = identities.slice(0, 2).map(({ nid }) => nid);
  const clients = [{ nid: phone.nid, addresses: [phone.ip4, phone.ip6], via }];
  const plane = { backend, clients };
  const [alpha, beta, node] = identities.map((identity) => new Member(network, identity, plane)) as [
    Member,
    Member,
    Member,
  ];
  const client = new StockClient(network, "c");
  const stock: TunnelPeerConfig = {
    ...phone,
    ...{ x25519: Buffer.from(publicKeyOf(secret)).toString("hex"), psk: clientPsk, routes: [], endpoints: [] },
  };
  const others = (name: string) =>
    identities.flatMap((one) => (one.name === name ? [] : [peerConfig(one, psk, [address(one.name)])]));
  const connect = (gateway: Member) =>
    client.connect({
      publicKey: base64(publicKeyOf(Buffer.from(gateway.identity.x25519, "hex"))),
      presharedKey: base64(Buffer.from(clientPsk, "hex")),
      endpoint: `${address(gateway.identity.name)}:51820`,
      allowedIps: [range, range6],
    });
  const answers = async (from: string, to: string, ...more: string[]) =>
    (await network.exec(from, "ping", "-c", "1", "-W", "1", ...more, to)).code === 0;
  const reaches = (from: string, to: string) => expect.poll(() => answers(from, to), { timeout: 15_000 }).toBe(true);

  beforeAll(async () => {
    for (const name of ["a", "b", "n"]) network.member(name, [`${address(name)}/24`]);
    network.member("c", ["198.18.46.9/24"]);
    await Promise.all([
      alpha.start([...others("a"), stock]),
      beta.start([...others("b"), stock]),
      node.start(others("n")),
      client.start(base64(secret), [`${phone.ip4}/32`, `${phone.ip6}/128`], [range, range6]),
    ]);
  });

  afterAll(async () => {
    await Promise.all([alpha.remove(), beta.remove(), node.remove(), client.stop()]);
    network.remove();
  });

  it("reaches its gateway and a node behind it, both families, small and large packets", async () => {
    connect(alpha);
    await reaches("c", alpha.identity.ip4);
    await reaches("c", node.identity.ip4);
    expect(await answers("c", node.identity.ip6)).toBe(true);
    expect(await answers("c", node.identity.ip4, "-s", "1372", "-M", "do")).toBe(true);
    expect((await alpha.counters())["forwarded"]).toBeGreaterThan(0);
  });

  it("is reached by the node, which sees one hop between", async () => {
    await reaches("n", phone.ip4);
    expect(await answers("n", phone.ip6)).toBe(true);
    const { output } = await network.exec("n", "ping", "-c", "1", phone.ip4);
    expect(output).toContain("ttl=63");
    expect(await answers("c", node.identity.ip4, "-t", "1")).toBe(false);
    expect((await alpha.counters())["forward_hops"]).toBeGreaterThan(0);
  });

  it.runIf(backend === "native")("roams to another port without a new handshake", async () => {
    client.move(40_123);
    await reaches("c", node.identity.ip4);
    await reaches("n", phone.ip4);
    const peers = await alpha.ask<{ nid: string; path: unknown }[]>("peers", { method: "peers" });
    expect(peers.find(({ nid }) => nid === phone.nid)?.path).toMatchObject({ port: 40_123 });
  });

  it.runIf(backend === "native")(
    "moves to its other gateway, and everybody finds it there, the first gateway too",
    async () => {
      connect(beta);
      await reaches("c", node.identity.ip4);
      await reaches("n", phone.ip4);
      await reaches("c", alpha.identity.ip4);
      await reaches("a", phone.ip4);
      expect((await beta.counters())["forwarded"]).toBeGreaterThan(0);
      connect(alpha);
      await reaches("c", node.identity.ip4);
      await reaches("b", phone.ip4);
    },
  );

  it.runIf(backend === "native")("is taken at its word for its own address alone", async () => {
    const before = (await alpha.counters())["inner_source"] ?? 0;
    network.ip("c", "addr", "add", "100.64.0.77/32", "dev", `tmc${process.pid}`);
    expect(await answers("c", node.identity.ip4, "-I", "100.64.0.77")).toBe(false);
    expect((await alpha.counters())["inner_source"]).toBeGreaterThan(before);
    expect(await answers("c", node.identity.ip4, "-I", phone.ip4)).toBe(true);
  });

  it("is cut off at once when it is no member any more", async () => {
    await alpha.ask("set", { method: "setPeers", peers: others("a") });
    expect(await answers("c", node.identity.ip4)).toBe(false);
    const counters = await alpha.counters();
    expect(counters["received_unknownIndex"] ?? 0).toBeGreaterThan(0);
  });
});
