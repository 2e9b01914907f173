// Bulk data and three members: what goes in comes out, in order and whole, and nobody speaks for somebody else.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Member, makeIdentity, peerConfig } from "./member.ts";
import { TestNetwork } from "./network.ts";

describe.each(["portable", "native"] as const)("on the %s data plane", (backend) => {
  const network = new TestNetwork(`s${backend[0]}`);
  const psk = randomBytes(32).toString("hex");
  const members = ["a", "b", "c"].map((name, index) => new Member(network, makeIdentity(name, index + 1), { backend }));
  const [alpha, beta, gamma] = members as [Member, Member, Member];

  beforeAll(async () => {
    for (const [index, { identity }] of members.entries()) {
      network.member(identity.name, [`198.18.42.${index + 1}/24`]);
    }
    const others = (own: Member): ReturnType<typeof peerConfig>[] =>
      members.flatMap((member, index) =>
        member === own ? [] : [peerConfig(member.identity, psk, [`198.18.42.${index + 1}`])],
      );
    await Promise.all(members.map((member) => member.start(others(member))));
  });

  afterAll(async () => {
    await Promise.all(members.map((member) => member.remove()));
    network.remove();
  });

  const receive = `
const { createServer } = require("node:net");
const { createHash } = require("node:crypto");
createServer((socket) => {
  const hash = createHash("sha256");
  socket.on("data", (chunk) => hash.update(chunk));
  socket.on("end", () => { console.log(hash.digest("hex")); process.exit(0); });
}).listen(7000, "::", () => process.stderr.write("ready"));`;

  const send = (address: string, size: number): string => `
const { connect } = require("node:net");
const socket = connect(7000, "${address}");
socket.end(Buffer.alloc(${size}, "tunnelmesh"));`;

  describe("a stream through the tunnel", () => {
    it.each([
      ["IPv4", beta.identity.ip4],
      ["IPv6", beta.identity.ip6],
    ])("arrives whole over %s", async (_family, address) => {
      const size = 20_000_000;
      const received = network.exec("b", process.execPath, "-e", receive);
      await new Promise((resolve) => setTimeout(resolve, 700));
      const start = performance.now();
      await network.exec("a", process.execPath, "-e", send(address, size));
      const digest = createHash("sha256").update(Buffer.alloc(size, "tunnelmesh")).digest("hex");
      expect((await received).output).toContain(digest);
      expect(performance.now() - start).toBeLessThan(30_000);
    });

    it("of small packets as fast as they come is all written to the interface", async () => {
      const server = network.exec("b", "iperf3", "-s", "-1");
      await new Promise((resolve) => setTimeout(resolve, 300));
      const flood = ["-u", "-b", "0", "-l", "64", "-t", "1", "-c", beta.identity.ip4];
      expect((await network.exec("a", "iperf3", ...flood)).code).toBe(0);
      await server;
      const { tun_write: refused = 0, received_direct: received } = await beta.counters();
      expect(received).toBeGreaterThan(5_000);
      expect(refused).toBe(0);
    });

    it("keeps its share where other programs want every core", async () => {
      const transfer = async (): Promise<number> => {
        const server = network.exec("b", "timeout", "60", "iperf3", "-s", "-1");
        await new Promise((resolve) => setTimeout(resolve, 500));
        const { output } = await network.exec("a", "iperf3", "-J", "-t", "2", "-c", beta.identity.ip4);
        await server;
        return JSON.parse(output).end.sum_received.bits_per_second;
      };
      const alone = await transfer();
      const competitors = Array.from({ length: 3 * availableParallelism() }, () =>
        spawn(process.execPath, ["-e", "for (;;);"]),
      );
      try {
        expect((await transfer()) / alone).toBeGreaterThan(0.03);
      } finally {
        for (const competitor of competitors) competitor.kill("SIGKILL");
      }
    });

    it("arrives over a link that is too narrow for a whole datagram", async () => {
      for (const name of ["a", "b"]) network.ip(name, "link", "set", "eth0", "mtu", "1400");
      const size = 1_000_000;
      const received = network.exec("b", process.execPath, "-e", receive);
      await new Promise((resolve) => setTimeout(resolve, 700));
      await network.exec("a", "timeout", "15", process.execPath, "-e", send(beta.identity.ip4, size));
      for (const name of ["a", "b"]) network.ip(name, "link", "set", "eth0", "mtu", "1500");
      const digest = createHash("sha256").update(Buffer.alloc(size, "tunnelmesh")).digest("hex");
      expect((await received).output).toContain(digest);
    });

    it("leaves memory bounded", async () => {
      const memory = await alpha.ask<number>("memory", { method: "counters" });
      expect(memory).toBeLessThan(200 * 1024 * 1024);
    });
  });

  describe("three members", () => {
    it("all reach each other", async () => {
      for (const from of members) {
        for (const to of members) {
          if (from === to) continue;
          const done = await network.exec(
            from.identity.name,
            "ping",
            "-c",
            "3",
            "-i",
            "0.05",
            "-W",
            "5",
            to.identity.ip4,
          );
          expect(done.output).toContain(" 0% packet loss");
        }
      }
    });

    it("route further ranges to a peer, but not those that the host reaches otherwise", async () => {
      const peers = [
        { ...peerConfig(beta.identity, psk, ["198.18.42.2"]), routes: ["10.77.0.0/16", "198.18.42.0/25"] },
      ];
      await gamma.ask("set", { method: "setPeers", peers });
      await expect.poll(() => network.ip("c", "route")).toContain("10.77.0.0/16 dev tm0");
      expect(network.ip("c", "route")).not.toContain("198.18.42.0/25");
      await gamma.ask("set", { method: "setPeers", peers: [{ ...peers[0], routes: [] }] });
      await expect.poll(() => network.ip("c", "route")).not.toContain("10.77.0.0/16");
    });

    it("do not take a packet whose inner source is another member", async () => {
      const before = (await beta.counters())["inner_source"] ?? 0;
      network.ip("c", "addr", "add", `${alpha.identity.ip4}/32`, "dev", "tm0");
      const spoofed = ["-c", "3", "-i", "0.1", "-W", "1", "-I", alpha.identity.ip4, beta.identity.ip4];
      const done = await network.exec("c", "ping", ...spoofed);
      network.ip("c", "addr", "del", `${alpha.identity.ip4}/32`, "dev", "tm0");
      expect(done.output).toContain("100% packet loss");
      expect((await beta.counters())["inner_source"]).toBe(before + 3);
      expect(gamma.identity.ip4).not.toBe(alpha.identity.ip4);
    });
  });
});
