// The data plane on three threads: many peers and flows at once, each flow in order; rekeying, roaming, and a thread that ends.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Sequences } from "../../../fixtures/sequences.ts";
import { inner, type Status, StockPair } from "../../session/stock/pair.ts";
import { Member, makeIdentity, peerConfig } from "../../tunnel/member.ts";
import { TestNetwork } from "../../tunnel/network.ts";

const sequences = [process.execPath, fileURLToPath(new URL("../../../fixtures/sequences.ts", import.meta.url))];
const workerFile = new URL("../../../../agent/dataplane/native/worker.ts", import.meta.url).href;
const callsFile = new URL("../../../../agent/system/native-calls.ts", import.meta.url).href;
const threads = 3;
const flows = 4;

/** A program for the threads whose thread 1 says that it is ready, and then does something else. */
function broken(instead: string): string {
  return `
    import { parentPort, workerData } from "node:worker_threads";
    if (workerData.thread !== 1) await import(${JSON.stringify(workerFile)});
    else {
      parentPort.postMessage([{ kind: "ready", port: 0, dualStack: true, offloads: {}, ends: [] }]);
      ${instead}
    }`;
}

/** Sends numbered datagrams of several flows through a tunnel, and says how they arrived. */
async function sequence(network: TestNetwork, from: string, to: string, address: string, port: number, count: number) {
  const receiving = network.exec(to, ...sequences, "receive", String(port));
  await sleep(700);
  await network.exec(from, ...sequences, "send", address, String(port), String(flows), String(count));
  const { output } = await receiving;
  return JSON.parse(output.slice(output.indexOf("{"))) as Sequences;
}

/** What was refused although it was genuine, or came to the wrong thread. */
function refusals(counters: Readonly<Record<string, number>>): Record<string, number> {
  const bad =
    /^(received_(authentication|unknownIndex|replay|malformed|strayed)|inner_|refused_|handshake_|stray_|dropped_queue|tun_write$)/;
  return Object.fromEntries(Object.entries(counters).filter(([name]) => bad.test(name)));
}

function expectOrder(result: Sequences, count: number): void {
  expect(result).toMatchObject({ disordered: 0, repeated: 0, flows });
  // On a busy machine the receiving program's socket overflows; what the tunnel drops is in its counters.
  expect(result.received).toBeGreaterThan(0.25 * flows * count);
}

describe("a node with three peers", () => {
  const network = new TestNetwork("th");
  const psk = randomBytes(32).toString("hex");
  const plane = { backend: "native", threads } as const;
  const hub = new Member(network, makeIdentity("a", 1), plane);
  const spokes = ["b", "c", "d"].map(
    (name, index) => new Member(network, makeIdentity(name, index + 2), { backend: "native", threads: 1 }),
  );
  const outer = (index: number): string => `198.18.46.${index + 1}`;
  /** Its thread 1 hangs in a system call from the start, which takes a while to be found. */
  const hanging = new Member(network, makeIdentity("e", spokes.length + 2), plane);

  beforeAll(async () => {
    for (const [index, { identity }] of [hub, ...spokes].entries()) {
      network.member(identity.name, [`${outer(index)}/24`]);
    }
    await hub.start(spokes.map(({ identity }, index) => peerConfig(identity, psk, [outer(index + 1)])));
    await Promise.all(spokes.map(async (spoke) => await spoke.start([peerConfig(hub.identity, psk, [outer(0)])])));
    network.namespace(hanging.identity.name);
    const hangs = `(await import(${JSON.stringify(callsFile)})).bindCalls().usleep(4_000_000_000);`;
    await hanging.start([], undefined, { TUNNELMESH_DATA_PLANE: broken(hangs) });
  });

  afterAll(async () => {
    network.kill();
    await Promise.all([hub, ...spokes, hanging].map(async (member) => await member.remove()));
    network.remove();
  });

  const retransmitted = (member: string): { readonly again: number; readonly all: number } => {
    const nstat = ["netns", "exec", network.nameOf(member), "nstat", "-asz", "TcpRetransSegs", "TcpOutSegs"];
    const output = execFileSync("ip", nstat, { encoding: "utf8" });
    const read = (name: string): number => Number(new RegExp(`${name}\\s+(\\d+)`).exec(output)?.[1]);
    return { again: read("TcpRetransSegs"), all: read("TcpOutSegs") };
  };

  it("has a queue and a socket for each thread", async () => {
    for (const { identity } of spokes) {
      const done = await network.exec("a", "ping", "-c", "3", "-i", "0.1", "-W", "5", identity.ip4);
      expect(done.output).toContain(" 0% packet loss");
    }
    const queues = await network.exec("a", "ls", "/sys/class/net/tm0/queues");
    expect(queues.output.match(/tx-/g)).toHaveLength(threads);
    const sockets = await network.exec("a", "ss", "-Hlun", "sport", "=", ":51820");
    expect(sockets.output.trim().split("\n")).toHaveLength(threads);
    expect((await hub.counters())["dataplane_threads"]).toBe(threads);
  });

  it("keeps each flow in order, from all and to all at once", async () => {
    const count = 700;
    const results = await Promise.all(
      spokes.flatMap(({ identity }, index) => [
        sequence(network, identity.name, "a", hub.identity.ip4, 7_000 + index, count),
        sequence(network, "a", identity.name, index === 1 ? identity.ip6 : identity.ip4, 7_000, count),
      ]),
    );
    for (const result of results) expectOrder(result, count);
    for (const member of [hub, ...spokes]) expect(refusals(await member.counters())).toEqual({});
  });

  it("carries streams of all at once, and next to nothing is sent twice", async () => {
    const served = spokes.map(({ identity }) => network.exec(identity.name, "iperf3", "-s", "-1"));
    await sleep(400);
    const streams = await Promise.all(
      spokes.map(({ identity }, index) => {
        const reverse = index === 1 ? ["-R"] : [];
        return network.exec("a", "iperf3", "-c", identity.ip4, "-P", "2", "-t", "2", "-J", ...reverse);
      }),
    );
    await Promise.all(served);
    for (const { output } of streams) {
      expect(JSON.parse(output).end.sum_received.bytes).toBeGreaterThan(5_000_000);
    }
    for (const member of ["a", "c"]) {
      const { again, all } = retransmitted(member);
      expect(again / all).toBeLessThan(0.02);
    }
    for (const member of [hub, ...spokes]) expect(refusals(await member.counters())).toEqual({});
  });

  it("has all its queues again when somebody deletes the interface", async () => {
    network.ip("a", "link", "del", "tm0");
    await sleep(1_500);
    for (const { identity } of spokes) {
      const done = await network.exec("a", "ping", "-c", "5", "-i", "0.05", "-W", "5", identity.ip4);
      expect(done.output).toContain(" 0% packet loss");
    }
    const queues = await network.exec("a", "ls", "/sys/class/net/tm0/queues");
    expect(queues.output.match(/tx-/g)).toHaveLength(threads);
    expect(hub.log.filter((line) => line.includes("the interface went away"))).toHaveLength(1);
  });

  it("ends as a whole when one thread ends", async () => {
    await hub.kill();
    // What it is told first comes once all threads are ready.
    const dies = `parentPort.once("message", () => process.exit());`;
    await hub.start([], undefined, { TUNNELMESH_DATA_PLANE: broken(dies) });
    expect(await hub.ended).not.toBe(0);
    expect(hub.log.join("")).toContain("the thread ended (number 1)");
    expect(network.ip("a", "-o", "link", "show")).not.toContain("tm0");
  });

  it("ends as a whole when one thread hangs in a system call", async () => {
    expect(await hanging.ended).not.toBe(0);
    expect(hanging.log.join("")).toContain("the thread hangs (number 1)");
    expect(network.ip("e", "-o", "link", "show")).not.toContain("tm0");
  });
});

describe("beside wireguard-go", () => {
  const pairs: StockPair[] = [];

  async function start(options: { middlebox?: boolean } = {}): Promise<StockPair> {
    const pair = new StockPair({ program: ["wireguard-go", "-f"], threads, ...options });
    pairs.push(pair);
    await pair.start();
    expect(await pair.reach("a", 6)).toBe(true);
    return pair;
  }

  afterEach(async () => {
    for (const pair of pairs.splice(0)) await pair.stop();
  });

  it("streams each way and numbered datagrams go on over new sessions, and nothing is refused", async () => {
    const pair = await start();
    const before: Status = await pair.status();
    const numbered = sequence(pair.network, "a", "b", inner.theirs4, 7_000, 1_200);
    const back = sequence(pair.network, "b", "a", inner.ours4, 7_000, 1_200);
    await sleep(1_500);
    await pair.renew();
    expectOrder(await numbered, 1_200);
    expectOrder(await back, 1_200);
    // A handshake that was lost in the crowd is sent again 5 s later.
    const renewed = async (): Promise<boolean> => (await pair.status()).current?.index !== before.current?.index;
    for (let streams = 0; streams < 2 || (streams < 6 && !(await renewed())); streams += 1) {
      const streaming = pair.stream({ seconds: 2, reverse: streams % 2 === 1, flows: 4 });
      await sleep(1_300);
      await pair.renew();
      expect((await streaming).bytes).toBeGreaterThan(5_000_000);
    }
    const after = await pair.status();
    expect(after.current?.index).not.toBe(before.current?.index);
    expect((after.current!.index % 256) % threads).toBe((before.current!.index % 256) % threads);
    expect(refusals(after.counters)).toEqual({});
  });

  it("the way may change on either side", async () => {
    const pair = await start({ middlebox: true });
    const handshake = pair.show("latest-handshakes");
    for (const [move, from] of [
      ["ours", "a"],
      ["theirs", "b"],
    ] as const) {
      await pair.wire({ move });
      // Whoever moved is found where it speaks from.
      expect(await pair.reach(from, 4)).toBe(true);
      expect(await pair.ping("a", { count: 3, interval: 0.1 })).toBe(3);
      expect(await pair.ping("b", { count: 3, interval: 0.1 })).toBe(3);
    }
    expect(pair.show("latest-handshakes")).toBe(handshake);
    expect(refusals((await pair.status()).counters)).toEqual({});
  });
});
