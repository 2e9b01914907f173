// The rows of the table: what is done with a contender for each, and the figures that come of it.
import type { TestNetwork } from "../../agent/tunnel/network.ts";
import type { Contender } from "./contender.ts";
import { processorSeconds, residentMiB } from "./process.ts";

export type RowName = "tcp1" | "tcp4" | "reverse" | "udp128" | "idle" | "loaded" | "ten";
export const pairRows = ["tcp1", "tcp4", "reverse", "udp128", "idle", "loaded"] as const;

export interface Figure {
  readonly name: string;
  readonly unit: "Mbit/s" | "kpps" | "ms" | "%" | "s/GB" | "MiB";
  /** Whether more of it is better. */
  readonly better: "more" | "less";
}

export const figures = {
  tcp1: { name: "TCP, 1 stream", unit: "Mbit/s", better: "more" },
  tcp4: { name: "TCP, 4 streams", unit: "Mbit/s", better: "more" },
  reverse: { name: "TCP, reverse", unit: "Mbit/s", better: "more" },
  udp128: { name: "UDP, 128 B", unit: "kpps", better: "more" },
  ten: { name: "TCP, 10 peers at once", unit: "Mbit/s", better: "more" },
  idleMedian: { name: "ping, idle, p50", unit: "ms", better: "less" },
  idleMean: { name: "ping, idle, mean", unit: "ms", better: "less" },
  idleTail: { name: "ping, idle, p99", unit: "ms", better: "less" },
  loadedMedian: { name: "ping, loaded, p50", unit: "ms", better: "less" },
  loadedMean: { name: "ping, loaded, mean", unit: "ms", better: "less" },
  loadedTail: { name: "ping, loaded, p99", unit: "ms", better: "less" },
  loadedLost: { name: "ping, loaded, lost", unit: "%", better: "less" },
  processor: { name: "CPU, both ends", unit: "s/GB", better: "less" },
  memory: { name: "memory, one end", unit: "MiB", better: "less" },
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof figures;
export type Sample = Readonly<Partial<Record<FigureName, number>>>;

/** Bytes of data in each. */
const smallDatagram = 128;

export interface Course {
  readonly network: TestNetwork;
  readonly contender: Contender;
  /** Where the servers listen, one for each sender. */
  readonly ports: readonly number[];
  readonly senders: readonly string[];
  readonly seconds: number;
}

/** Does what the row is about, once. @throws Error when a transfer fails, with the reason that was given */
export async function measureRow(row: RowName, course: Course): Promise<Sample> {
  switch (row) {
    case "tcp1":
      return await measureStream(course);
    case "tcp4":
      return { tcp4: (await transfer(course, ["-P", "4"])).megabits };
    case "reverse":
      return { reverse: (await transfer(course, ["-R"])).megabits };
    case "udp128":
      return { udp128: (await transfer(course, ["-u", "-b", "0", "-l", String(smallDatagram)])).kilopackets };
    case "idle": {
      const { median, mean, tail } = await measurePing(course, 100 * course.seconds);
      return { idleMedian: median, idleMean: mean, idleTail: tail };
    }
    case "loaded": {
      const load = transfer(course, []);
      const { median, mean, tail, lost } = await measurePing(course, 100 * course.seconds);
      await load;
      return { loadedMedian: median, loadedMean: mean, loadedTail: tail, loadedLost: lost };
    }
    case "ten": {
      const transfers = course.senders.map(async (_, sender) => await transfer(course, [], sender));
      // The others go on when one fails, and must not meet what is measured next.
      await Promise.allSettled(transfers);
      return { ten: (await Promise.all(transfers)).reduce((sum, { megabits }) => sum + megabits, 0) };
    }
  }
}

async function measureStream(course: Course): Promise<Sample> {
  const { processes } = course.contender;
  const before = processorSeconds(processes);
  const { megabits, bytes } = await transfer(course, []);
  const spent = processorSeconds(processes) - before;
  const memory = processes.map((pid) => residentMiB(pid)).reduce((sum, one) => sum + one, 0) / processes.length;
  return { tcp1: megabits, processor: spent / (bytes / 1e9), memory };
}

interface Transfer {
  readonly megabits: number;
  readonly bytes: number;
  /** Where datagrams are small ones. */
  readonly kilopackets: number;
}

/** What iperf3 prints with --json, as far as it is read here. */
interface Printed {
  readonly error?: string;
  readonly end?: {
    readonly sum_received?: { readonly bits_per_second: number; readonly bytes: number; readonly seconds: number };
  };
}

async function transfer(course: Course, more: readonly string[], sender = 0): Promise<Transfer> {
  // iperf3's server opens its listening socket anew after each test and resets who came before that.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { network, contender, ports, senders, seconds } = course;
  const where = [
    "-c",
    contender.address,
    "-p",
    String(ports[sender]),
    "-t",
    String(seconds),
    "--connect-timeout",
    "5000",
  ];
  const { output } = await network.exec(senders[sender] ?? "", "iperf3", ...where, "--json", ...more);
  const failed = (reason: string): Error => new Error(`iperf3 ${more.join(" ")} over ${contender.name}: ${reason}`);
  let printed: Printed;
  try {
    printed = JSON.parse(output) as Printed;
  } catch {
    throw failed(output.slice(0, 500));
  }
  const received = printed.end?.sum_received;
  if (printed.error !== undefined) throw failed(printed.error);
  if (received === undefined || received.bytes === 0) throw failed("nothing arrived");
  const { bytes, seconds: lasted } = received;
  // By its bytes: iperf3 counts as lost only what is missing before the last datagram that arrived.
  return { megabits: received.bits_per_second / 1e6, bytes, kilopackets: bytes / smallDatagram / lasted / 1000 };
}

interface Pings {
  /** Milliseconds. */
  readonly median: number;
  readonly mean: number;
  readonly tail: number;
  /** Of a hundred. */
  readonly lost: number;
}

async function measurePing(course: Course, count: number): Promise<Pings> {
  const { network, contender, senders } = course;
  const { address } = contender;
  const command = ["ping", "-c", String(count), "-i", "0.008", "-W", "2", address];
  const { output } = await network.exec(senders[0] ?? "", ...command);
  const times = [...output.matchAll(/time=([\d.]+)/g)].map((match) => Number(match[1])).sort((a, b) => a - b);
  if (times.length === 0) throw new Error(`none of ${count} pings got an answer: ${contender.name}`);
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return { median: at(0.5), mean, tail: at(0.99), lost: 100 * (1 - times.length / count) };
}
