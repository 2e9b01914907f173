// From relay to a direct path and back, with a ping running all the time.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PeerStatus } from "../../../protocol/control/agent.ts";
import { Member, makeIdentity, peerConfig } from "./member.ts";
import { TestNetwork } from "./network.ts";
import { TestRelay } from "./relay.ts";

describe.each(["portable", "native"] as const)("on the %s data plane", (backend) => {
  const network = new TestNetwork(`r${backend[0]}`);
  const relay = new TestRelay();
  const psk = randomBytes(32).toString("hex");
  const alpha = new Member(network, makeIdentity("a", 1), { backend });
  const beta = new Member(network, makeIdentity("b", 2), { backend });

  beforeAll(async () => {
    network.member("a", ["198.18.41.1/24"]);
    network.member("b", ["198.18.41.2/24"]);
    network.plug("b", false);
    await relay.start();
    await alpha.start([peerConfig(beta.identity, psk)], relay.path);
    await beta.start([peerConfig(alpha.identity, psk)], relay.path);
  });

  afterAll(async () => {
    await Promise.all([alpha.remove(), beta.remove()]);
    await relay.stop();
    network.remove();
  });

  async function path(member: Member): Promise<string> {
    const [peer] = await member.ask<PeerStatus[]>("peers", { method: "peers" });
    return peer?.path.kind ?? "missing";
  }

  async function untilPath(kind: string, milliseconds: number): Promise<number> {
    const start = performance.now();
    while (performance.now() - start < milliseconds) {
      if ((await path(alpha)) === kind && (await path(beta)) === kind) return performance.now() - start;
      await sleep(50);
    }
    throw new Error(`no ${kind} path within ${milliseconds} ms: ${await path(alpha)}, ${await path(beta)}`);
  }

  describe("two tunnels with a relay", () => {
    it("start on the relay, where nothing readable passes", async () => {
      const pattern = "6d65736873656372";
      const done = await network.exec("a", "ping", "-c", "5", "-i", "0.1", "-W", "5", "-p", pattern, beta.identity.ip4);
      expect(done.output).toContain(" 0% packet loss");
      expect(await path(alpha)).toBe("relay");
      expect(relay.passed.length).toBeGreaterThan(10);
      expect(relay.passed.filter((datagram) => datagram.includes(Buffer.from(pattern, "hex")))).toEqual([]);
    });

    it("move to the direct path without losing a packet", async () => {
      const running = network.exec("a", "ping", "-c", "160", "-i", "0.05", "-W", "3", beta.identity.ip4);
      await sleep(1_000);
      network.plug("b", true);
      await untilPath("direct", 20_000);
      expect((await running).output).toContain("160 received, 0% packet loss");
    });

    it("fall back to the relay within 3 s when the direct path dies, and come back", async () => {
      network.plug("b", false);
      const done = await network.exec("a", "ping", "-c", "120", "-i", "0.05", "-W", "2", beta.identity.ip4);
      const missing = missingSequences(done.output, 120);
      expect(missing.length * 50).toBeLessThan(3_000);
      expect(missing.filter((sequence) => sequence > 60)).toEqual([]);
      network.plug("b", true);
      await network.exec("a", "ping", "-c", "20", "-i", "0.5", "-W", "2", beta.identity.ip4);
      await untilPath("direct", 20_000);
    });
  });

  function missingSequences(output: string, count: number): number[] {
    const seen = new Set([...output.matchAll(/icmp_seq=(\d+) ttl/g)].map((match) => Number(match[1])));
    return Array.from({ length: count }, (_, index) => index + 1).filter((sequence) => !seen.has(sequence));
  }
});
