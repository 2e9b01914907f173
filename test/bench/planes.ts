// npm-less bench of the data planes alone: ./tm @test/bench/planes.ts [--runs N] [--seconds S] [--only a,b] [--rows x,y] compares them with wireguard-go in one run.
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { Member, makeIdentity, type PlaneChoice, peerConfig } from "../agent/tunnel/member.ts";
import { TestNetwork } from "../agent/tunnel/network.ts";
import { startPair } from "./wireguard-pair.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    only: { type: "string", default: "wireguard-go,portable,native" },
    rows: { type: "string", default: "tcp1,tcp4,reverse,udp128,ping,loaded" },
    wireguard: { type: "string", default: "wireguard-go" },
    offloads: { type: "string", default: "all" },
  },
});
const runs = Number(values.runs);
const seconds = values.seconds;
const rows = values.rows.split(",");

interface Candidate {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

const network = new TestNetwork("bn");
const stops: (() => Promise<void> | void)[] = [];
const note = (text: string): void => void process.stderr.write(`planes: ${text}\n`);

async function startMembers(name: string, choice: PlaneChoice, index: number): Promise<Candidate> {
  const psk = randomBytes(32).toString("hex");
  const [low, high] = [2 * index + 1, 2 * index + 2];
  const port = 51830 + index;
  const make = (namespace: string, number: number): Member => {
    const identity = { ...makeIdentity(namespace, number), port };
    return new Member(network, identity, {
      ...choice,
      interface: `tm${index}`,
      range: `100.64.${index}.0/24`,
      range6: `fd12:3456:78${index}a::/48`,
    });
  };
  const [near, far] = [make("a", low), make("b", high)];
  const renumber = (member: Member, number: number): void => {
    Object.assign(member.identity, { ip4: `100.64.${index}.${number}`, ip6: `fd12:3456:78${index}a::${number}` });
  };
  renumber(near, 1);
  renumber(far, 2);
  await near.start([peerConfig(far.identity, psk, ["198.18.141.2"])]);
  await far.start([peerConfig(near.identity, psk, ["198.18.141.1"])]);
  stops.push(async () => await Promise.all([near.remove(), far.remove()]).then(() => undefined));
  return { name, address: far.identity.ip4, port: 5300 + index };
}

interface Transfer {
  readonly end: {
    readonly sum_received?: { readonly bits_per_second: number };
    readonly sum?: { readonly packets: number; readonly lost_packets: number; readonly seconds: number };
  };
}

async function transfer({ address, port }: Candidate, more: readonly string[]): Promise<Transfer["end"]> {
  const client = ["iperf3", "-c", address, "-p", String(port), "-t", seconds, "--json", ...more];
  const { output } = await network.exec("a", ...client);
  return (JSON.parse(output) as Transfer).end;
}

async function pingTimes({ address }: Candidate, count: number): Promise<{ mean: number; p99: number }> {
  const { output } = await network.exec("a", "ping", "-c", String(count), "-i", "0.005", "-W", "2", address);
  const times = [...output.matchAll(/time=([\d.]+)/g)].map((match) => Number(match[1])).sort((a, b) => a - b);
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return { mean, p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN };
}

const tcp = async (candidate: Candidate, ...more: string[]): Promise<number> =>
  ((await transfer(candidate, more)).sum_received?.bits_per_second ?? 0) / 1e6;

/** Each gives figures by name. */
const measures: Record<string, (candidate: Candidate) => Promise<Record<string, number>>> = {
  tcp1: async (candidate) => ({ "TCP 1 stream, Mbit/s": await tcp(candidate) }),
  tcp4: async (candidate) => ({ "TCP 4 streams, Mbit/s": await tcp(candidate, "-P", "4") }),
  reverse: async (candidate) => ({ "TCP reverse, Mbit/s": await tcp(candidate, "-R") }),
  udp128: async (candidate) => {
    const { sum } = await transfer(candidate, ["-u", "-b", "0", "-l", "128"]);
    return { "UDP 128 B, kpps": sum === undefined ? 0 : (sum.packets - sum.lost_packets) / sum.seconds / 1000 };
  },
  ping: async (candidate) => {
    const { mean, p99 } = await pingTimes(candidate, 200);
    return { "ping idle mean, ms": mean, "ping idle p99, ms": p99 };
  },
  loaded: async (candidate) => {
    const load = transfer(candidate, []);
    const { mean, p99 } = await pingTimes(candidate, 300);
    await load;
    return { "ping loaded mean, ms": mean, "ping loaded p99, ms": p99 };
  },
};

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

try {
  network.member("a", ["198.18.141.1/24"]);
  network.member("b", ["198.18.141.2/24"]);
  const candidates: Candidate[] = [];
  for (const [index, name] of values.only.split(",").entries()) {
    if (name === "wireguard-go") {
      const pair = await startPair(network, values.wireguard);
      stops.push(pair.stop);
      candidates.push({ name, address: pair.address, port: 5300 + index });
    } else {
      const backend = name.startsWith("native") ? "native" : "portable";
      const offloads = name.includes(":") ? name.slice(name.indexOf(":") + 1).replaceAll("+", ",") : values.offloads;
      candidates.push(await startMembers(name, { backend, offloads }, index));
    }
    const server = network.exec("b", "iperf3", "-s", "-p", String(5300 + index));
    void server;
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const candidate of candidates) {
    const { output } = await network.exec("a", "ping", "-c", "3", "-W", "5", candidate.address);
    if (!output.includes(" 0% packet loss")) throw new Error(`${candidate.name} does not answer:\n${output}`);
    await tcp(candidate);
  }
  const samples = new Map<string, Map<string, number[]>>();
  for (let run = 1; run <= runs; run += 1) {
    for (const row of rows) {
      for (const candidate of candidates) {
        for (const [figure, value] of Object.entries((await measures[row]?.(candidate)) ?? {})) {
          const byName = samples.get(figure) ?? new Map<string, number[]>();
          samples.set(figure, byName.set(candidate.name, [...(byName.get(candidate.name) ?? []), value]));
        }
      }
    }
    note(`run ${run} of ${runs}`);
  }
  for (const [figure, byName] of samples) {
    const reference = byName.get(candidates[0]?.name ?? "") ?? [];
    for (const [name, own] of byName) {
      const ratios = own.map((value, run) => value / (reference[run] ?? Number.NaN));
      const text = (numbers: readonly number[], digits: number): string =>
        numbers
          .toSorted((left, right) => left - right)
          .map((number) => number.toFixed(digits))
          .join(" ");
      process.stdout.write(
        `${figure.padEnd(24)} ${name.padEnd(16)} median ${median(own).toFixed(2).padStart(8)}  × ${median(ratios).toFixed(2)}  [${text(ratios, 2)}]\n`,
      );
    }
  }
} finally {
  for (const stop of stops) await stop();
  network.kill();
  network.remove();
}
process.exit(0);
