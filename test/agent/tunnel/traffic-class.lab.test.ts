// What routers on the way see of a tunnel: handshakes in their class of service, congestion marks as inside, no class of the inside.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Member, makeIdentity, peerConfig } from "./member.ts";
import { TestNetwork } from "./network.ts";

const outer = { 4: ["198.18.52.1", "198.18.52.2"], 6: ["fd52::1", "fd52::2"] } as const;

describe.each([4, 6] as const)("over IPv%i", (family) => {
  const network = new TestNetwork(`tc${family}`);
  const psk = randomBytes(32).toString("hex");
  const [near, far] = [
    new Member(network, makeIdentity("a", 1), { backend: "native" }),
    new Member(network, makeIdentity("b", 2), { backend: "native" }),
  ];

  beforeAll(() => {
    network.member("a", [`${outer[family][0]}/${family === 4 ? 24 : 64}`]);
    network.member("b", [`${outer[family][1]}/${family === 4 ? 24 : 64}`]);
  });

  afterAll(async () => {
    await Promise.all([near.remove(), far.remove()]);
    network.kill();
    network.remove();
  });

  /** Lines of tcpdump about what arrives at b while `act` runs. */
  async function capture(act: () => Promise<unknown>): Promise<string> {
    const folder = mkdtempSync(path.join(tmpdir(), "tm-capture-"));
    const filter = ["dst", "host", outer[family][1], "and", "udp", "port", "51820"];
    const capturing = ["timeout", "60", "tcpdump", "-n", "-v", "-l", "--immediate-mode", "-i", "eth0", ...filter];
    try {
      const dump = network.exec("b", "sh", "-c", 'echo $$ > "$0/pid"; exec "$@"', folder, ...capturing);
      await sleep(1_000);
      await act();
      await sleep(200);
      process.kill(Number(readFileSync(path.join(folder, "pid"), "utf8")), "SIGTERM");
      return (await dump).output;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  const field = (value: number): string =>
    family === 4 ? `tos 0x${value.toString(16)},` : `class 0x${value.toString(16).padStart(2, "0")},`;

  it("marks handshakes as AF41", async () => {
    await near.start([peerConfig(far.identity, psk, [outer[family][1]])]);
    const seen = await capture(async () => {
      await far.start([peerConfig(near.identity, psk, [outer[family][0]])]);
      await network.exec("a", "ping", "-c", "3", "-i", "0.2", "-W", "3", far.identity.ip4);
    });
    expect(seen).toContain(field(0x88));
  });

  it("copies the mark of what is inside, and nothing else of it", async () => {
    const seen = await capture(async () => {
      for (const service of ["0xba", "0xb9", "0xbb"]) {
        const { output } = await network.exec(
          "a",
          "ping",
          "-c",
          "2",
          "-i",
          "0.2",
          "-W",
          "3",
          "-Q",
          service,
          far.identity.ip4,
        );
        expect(output).toContain(" 0% packet loss");
      }
    });
    for (const mark of [1, 2, 3])
      expect(seen.replaceAll("tos 0x1,CE", "")).toMatch(
        new RegExp(family === 4 ? `tos 0x${mark},` : `class 0x0${mark},`),
      );
    expect(seen).not.toContain(field(0xb8));
    expect((await far.counters())["offload_ecn"]).toBe(1);
    expect((await far.counters())["inner_congested"]).toBeUndefined();
  });
});
