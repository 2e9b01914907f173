// What is measured: a tunnel program that runs as a star, a hub and its spokes, in namespaces of the bench.
import type { TestNetwork } from "../../agent/tunnel/network.ts";

/** Peers that every end of a pair has configured: those that are not there cost what they cost in use. */
export const configuredPeers = 8;
/** UDP port of the first star; the others follow. */
export const tunnelPort = 51800;
/** Of the inner interface, for all alike. */
export const innerMtu = 1420;

export interface Star {
  readonly network: TestNetwork;
  /** Namespaces; the hub receives, each spoke sends. A pair is a star with one spoke. */
  readonly hub: string;
  readonly spokes: readonly string[];
  /** Differs between the stars of a run: ports, ranges and names are made of it. 0 to 50. */
  readonly index: number;
  readonly outer: (member: string) => string;
}

export interface Contender {
  readonly name: string;
  /** Mesh address of the hub. */
  readonly address: string;
  /** Process ids, the hub's first. */
  readonly processes: readonly number[];
  stop(): Promise<void>;
}

/** One program that can be started, and how it is called in the table. */
export interface Entrant {
  readonly name: string;
  readonly version: string;
  /** Whether it takes part where ten peers send at once. */
  readonly many: boolean;
  start(star: Star): Promise<Contender>;
}

/** Inner address of a member: the hub is 1, the first spoke 2. Members beyond the spokes are those that are not there. */
export function innerAddress({ index }: Star, member: number): string {
  return `100.100.${index}.${member + 1}`;
}

/** How many peers that are not there an end with `real` ones has configured. */
export function absentPeers(real: number): number {
  return Math.max(0, configuredPeers - real);
}

/** Asks until there is an answer. @throws Error after 10 s, with what was said last */
export async function waitFor(what: string, ask: () => Promise<{ readonly done: boolean; readonly said: string }>) {
  const end = performance.now() + 10_000;
  for (;;) {
    const { done, said } = await ask();
    if (done) return;
    if (performance.now() > end) throw new Error(`${what}: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
