// ./tm @test/bench/flood.ts [--runs N] [--seconds S] [--rates 1000,10000] [--kind valid|garbage] [--plane native]: what a spoofed flood leaves of a stream.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { publicKeyOf } from "../../protocol/noise/primitives.ts";
import { Member, makeIdentity, peerConfig } from "../agent/tunnel/member.ts";
import { TestNetwork } from "../agent/tunnel/network.ts";
import { endOnInterrupt } from "./interrupt.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    rates: { type: "string", default: "1000,10000,50000" },
    kind: { type: "string", default: "valid" },
    plane: { type: "string", default: "native" },
  },
});
const flooder = fileURLToPath(new URL("../fixtures/spoofed-flood.ts", import.meta.url));
const seconds = Number(values.seconds);
const sinkPort = 9;

const network = new TestNetwork("fl");
const members: Member[] = [];

async function stream(): Promise<number> {
  const { output } = await network.exec("a", "iperf3", "-c", "100.64.0.2", "-t", values.seconds, "--json");
  return JSON.parse(output).end.sum_received.bits_per_second / 1e6;
}

async function flooded(target: Member, port: number, rate: number): Promise<number> {
  const key = Buffer.from(publicKeyOf(Buffer.from(target.identity.x25519, "hex"))).toString("hex");
  const program = [process.execPath, "--conditions=tunnelmesh-source", flooder];
  const parameters = ["198.18.142.2", String(port), key, String(rate), String(seconds + 3), values.kind];
  const flood = network.exec("f", ...program, ...parameters);
  await sleep(1_500);
  const result = await stream();
  const { output } = await flood;
  if (!output.startsWith("{")) throw new Error(output);
  return result;
}

const median = (samples: readonly number[]): number =>
  samples.toSorted((one, other) => one - other)[Math.floor(samples.length / 2)] ?? Number.NaN;

async function end(): Promise<void> {
  for (const member of members) await member.remove();
  network.kill();
  network.remove();
}

endOnInterrupt(end);
try {
  network.member("a", ["198.18.142.1/24"]);
  network.member("b", ["198.18.142.2/24"]);
  network.member("f", ["198.18.142.3/24"]);
  // Answers to sources that nobody has leave through the one who made them up.
  network.ip("b", "route", "add", "default", "via", "198.18.142.3");
  await network.exec("b", "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0");
  const psk = randomBytes(32).toString("hex");
  const backend = values.plane === "portable" ? "portable" : "native";
  const [near, far] = [1, 2].map((number) => {
    const member = new Member(network, makeIdentity(number === 1 ? "a" : "b", number), { backend });
    members.push(member);
    return member;
  }) as [Member, Member];
  await near.start([peerConfig(far.identity, psk, ["198.18.142.2"])]);
  await far.start([peerConfig(near.identity, psk, ["198.18.142.1"])]);
  void network.exec("b", "iperf3", "-s");
  // Takes what the control floods, and never reads it.
  const sink = `require("dgram").createSocket({type:"udp4",recvBufferSize:4096}).bind(${sinkPort},()=>{for(;;)Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0)})`;
  void network.exec("b", process.execPath, "-e", sink);
  await sleep(700);
  await stream();
  for (const rate of values.rates.split(",").map(Number)) {
    const calm: number[] = [];
    const besides: number[] = [];
    const under: number[] = [];
    for (let run = 0; run < Number(values.runs); run += 1) {
      calm.push(await stream());
      besides.push(await flooded(far, sinkPort, rate));
      under.push(await flooded(far, far.identity.port, rate));
    }
    const ratio = (samples: readonly number[], to: readonly number[]): string =>
      median(samples.map((sample, run) => sample / (to[run] ?? Number.NaN))).toFixed(2);
    process.stdout.write(
      `${rate}/s ${values.kind}: calm ${median(calm).toFixed(0)} Mbit/s, flood besides × ${ratio(besides, calm)}, flood × ${ratio(under, calm)} (of besides × ${ratio(under, besides)})\n`,
    );
    const counters = Object.entries(await far.counters()).filter(([name]) => /handshake|cookie|queue|flood/.test(name));
    process.stdout.write(`  ${JSON.stringify(Object.fromEntries(counters))}\n`);
  }
} finally {
  await end();
}
process.exit(0);
