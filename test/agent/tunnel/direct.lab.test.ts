// Two tunnels that know each other's address: pings inside, nothing readable outside, garbage and kills survived.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PingReply } from "../../../protocol/control/agent.ts";
import { Member, makeIdentity, peerConfig } from "./member.ts";
import { TestNetwork } from "./network.ts";

/** Which of the first `count` pings had no answer. Send one more: ping waits for the last for two round trips only, whatever -W says. */
function unanswered(output: string, count: number): number[] {
  const answered = new Set([...output.matchAll(/icmp_seq=(\d+) ttl/g)].map((match) => Number(match[1])));
  return Array.from({ length: count }, (_, index) => index + 1).filter((number) => !answered.has(number));
}

describe.each(["portable", "native"] as const)("on the %s data plane", (backend) => {
  const network = new TestNetwork(`d${backend[0]}`);
  const psk = randomBytes(32).toString("hex");
  const alpha = new Member(network, makeIdentity("a", 1), { backend });
  const beta = new Member(network, makeIdentity("b", 2), { backend });
  const toBeta = [peerConfig(beta.identity, psk, ["198.18.40.2"])];
  const toAlpha = [peerConfig(alpha.identity, psk, ["198.18.40.1"])];
  const folder = mkdtempSync(join(tmpdir(), "tm-direct-"));

  beforeAll(async () => {
    network.member("a", ["198.18.40.1/24", "fd40::1/64"]);
    network.member("b", ["198.18.40.2/24", "fd40::2/64"]);
    network.ip("a", "tuntap", "add", "other0", "mode", "tun");
    network.ip("a", "addr", "add", "198.18.41.1/24", "dev", "other0");
    network.ip("a", "link", "set", "other0", "up");
    await alpha.start(toBeta);
    await beta.start(toAlpha);
  });

  afterAll(async () => {
    await Promise.all([alpha.remove(), beta.remove()]);
    network.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function pingBeta(count: number, ...more: string[]): Promise<string> {
    const done = await network.exec("a", "ping", "-c", `${count}`, "-i", "0.05", "-W", "5", ...more, beta.identity.ip4);
    return done.output;
  }

  describe("two tunnels without relay or coordinator", () => {
    it("carry IPv4 and IPv6 pings, large ones too", async () => {
      expect(await pingBeta(20)).toContain(" 0% packet loss");
      const large = ["-c", "5", "-i", "0.05", "-s", "1372", "-W", "5", alpha.identity.ip6];
      expect((await network.exec("b", "ping", ...large)).output).toContain(" 0% packet loss");
    });

    it("offer the addresses of the host, and none of a tunnel", async () => {
      const endpoints = await alpha.ask<{ address: string }[]>("endpoints", { method: "endpoints" });
      expect(endpoints.map(({ address }) => address).sort()).toEqual(["198.18.40.1", "fd40::1"]);
    });

    it("measure a round trip through the control session", async () => {
      const reply = await alpha.ask<PingReply>("ping", { method: "ping", nid: beta.identity.nid, count: 3 });
      expect(reply.path.kind).toBe("direct");
      expect(reply.roundTrips.every((one) => one !== null && one < 1_000)).toBe(true);
    });

    it("show nothing of a known payload on the wire", async () => {
      const file = join(folder, "wire.pcap");
      const capture = [
        "netns",
        "exec",
        network.nameOf("a"),
        "tcpdump",
        "-i",
        "eth0",
        "--immediate-mode",
        "-U",
        "-s",
        "0",
        "-w",
        file,
      ];
      const tcpdump = spawn("ip", capture, { stdio: ["ignore", "ignore", "pipe"] });
      await new Promise((resolve) => tcpdump.stderr.once("data", resolve));
      const pattern = "5365637265745061796c6f6164";
      expect(await pingBeta(10, "-p", pattern)).toContain(" 0% packet loss");
      await sleep(300);
      const ended = new Promise((resolve) => tcpdump.once("exit", resolve));
      tcpdump.kill("SIGINT");
      await ended;
      const bytes = readFileSync(file);
      expect(bytes.length).toBeGreaterThan(20 * 100);
      expect(bytes.includes(Buffer.from("SecretPayload"))).toBe(false);
    });

    it("count garbage and go on", async () => {
      const flood = fileURLToPath(new URL("../../fixtures/flood.ts", import.meta.url));
      const before = (await beta.counters())["datagram_type"] ?? 0;
      const flooding = network.exec(
        "a",
        process.execPath,
        "--conditions=tunnelmesh-source",
        flood,
        "198.18.40.2",
        "51820",
      );
      expect(await pingBeta(40)).toContain(" 0% packet loss");
      expect((await flooding).output).toContain("sent");
      expect(await pingBeta(10)).toContain(" 0% packet loss");
      const counters = await beta.counters();
      expect(counters["datagram_type"]).toBeGreaterThan(before);
      expect(counters["received_unknownIndex"]).toBeGreaterThan(0);
      expect(counters["handshake_mac1"]).toBeGreaterThan(0);
    });

    it("find each other again after a kill, with one interface and one route each", async () => {
      await beta.kill();
      expect(network.ip("b", "-o", "link", "show")).not.toContain("tm0");
      await beta.start(toAlpha);
      const received = Number(/(\d+) received/.exec(await pingBeta(40))?.[1]);
      expect(received).toBeGreaterThan(20);
      expect(unanswered(await pingBeta(11), 10)).toEqual([]);
      expect(network.ip("b", "-o", "link", "show").match(/tm0/g)).toHaveLength(1);
      expect(network.ip("b", "route", "show", "100.64.0.0/10").trim().split("\n")).toHaveLength(1);
    });

    it("make the interface again when somebody deletes it", async () => {
      network.ip("b", "link", "del", "tm0");
      await sleep(1_500);
      expect(await pingBeta(10)).toContain(" 0% packet loss");
    });

    it("stop promptly and leave the host as it was", async () => {
      expect(await beta.stop()).toBeLessThan(2_000);
      expect(network.ip("b", "-o", "link", "show")).not.toContain("tm0");
      expect(network.ip("b", "route")).not.toContain("100.64");
    });
  });

  describe("a tunnel that cannot come up", () => {
    it("says that the port is in use", async () => {
      const holder = spawn("ip", [
        ...["netns", "exec", network.nameOf("b"), process.execPath, "-e"],
        'require("dgram").createSocket("udp6").bind(51820, () => console.log("bound"))',
      ]);
      await new Promise((resolve) => holder.stdout.once("data", resolve));
      await expect(beta.start(toAlpha)).rejects.toThrow("TM_AGENT_PORT_IN_USE");
      const ended = new Promise((resolve) => holder.once("exit", resolve));
      holder.kill("SIGKILL");
      await ended;
    });

    it("says that a route of the host clashes with the range", async () => {
      network.ip("b", "route", "add", "100.70.0.0/16", "via", "198.18.40.1");
      await expect(beta.start(toAlpha)).rejects.toThrow("TM_AGENT_RANGE_CLASH");
      network.ip("b", "route", "del", "100.70.0.0/16");
    });
  });
});
