// Cryptokey routing: which peer an inner address belongs to, the longest prefix first (WireGuard paper §2).
import { type Cidr, parseCidr } from "../../protocol/addresses/parse.ts";
import type { NodeId } from "../../protocol/brand.ts";

export interface PeerRoutes {
  readonly nid: NodeId;
  /** CIDRs; a bare address is a /32 or /128. */
  readonly allowedIps: readonly string[];
  /** A stock client: what it sends to other peers, and they to it, is passed on. */
  readonly stock?: boolean;
}

interface Level {
  readonly prefix: number;
  readonly owners: Map<string, NodeId>;
}

/** A table over 4- and 16-byte addresses; a change builds a new one. */
export class RoutingTable {
  readonly #levels: Readonly<Record<4 | 6, readonly Level[]>>;

  /** Of two peers with the same range the first keeps it. Ranges that do not parse are left out. */
  constructor(peers: readonly PeerRoutes[]) {
    const levels: Record<4 | 6, Map<number, Level>> = { 4: new Map(), 6: new Map() };
    for (const { nid, allowedIps } of peers) {
      for (const text of allowedIps) addRange(levels, nid, text);
    }
    const sorted = (family: 4 | 6): Level[] => [...levels[family].values()].sort((a, b) => b.prefix - a.prefix);
    this.#levels = { 4: sorted(4), 6: sorted(6) };
  }

  /** The owner of an address at `offset` of `packet`. */
  find(family: 4 | 6, packet: Uint8Array, offset: number): NodeId | undefined {
    const length = family === 4 ? 4 : 16;
    for (const { prefix, owners } of this.#levels[family]) {
      const owner = owners.get(keyOf(packet, offset, length, prefix));
      if (owner !== undefined) return owner;
    }
    return undefined;
  }
}

function addRange(levels: Record<4 | 6, Map<number, Level>>, nid: NodeId, text: string): void {
  const range = readRange(text);
  if (range === undefined) return;
  const { family, prefix } = range;
  const bits = family === 4 ? 32 : 128;
  const level = levels[family].get(prefix) ?? { prefix, owners: new Map<string, NodeId>() };
  levels[family].set(prefix, level);
  const hex = range.first.toString(16).padStart(bits / 4, "0");
  const key = keyOf(Buffer.from(hex, "hex"), 0, bits / 8, prefix);
  if (!level.owners.has(key)) level.owners.set(key, nid);
}

function readRange(text: string): Cidr | undefined {
  try {
    return parseCidr(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The first `prefix` bits as text. */
function keyOf(packet: Uint8Array, offset: number, length: number, prefix: number): string {
  let key = "";
  const whole = prefix >>> 3;
  for (let index = 0; index < whole; index += 1) key += String.fromCharCode(packet[offset + index]!);
  const rest = prefix & 7;
  if (rest !== 0 && whole < length) key += String.fromCharCode(packet[offset + whole]! & (0xff00 >> rest));
  return key;
}
