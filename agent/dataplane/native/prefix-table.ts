// Longest-prefix routing on numbers: the same answers as RoutingTable, without a string or an allocation per packet.
import { type Cidr, parseCidr } from "../../../protocol/addresses/parse.ts";
import type { PeerRoutes } from "../routing.ts";

export const noOwner = -1;

/** One prefix length: a hash table of addresses, four words each, and their owners. */
class Level {
  readonly masks: Int32Array;
  readonly #addresses: Int32Array;
  readonly #owners: Int32Array;
  readonly #last: number;

  constructor(prefix: number, count: number) {
    this.masks = Int32Array.from({ length: 4 }, (_, word) => {
      const bits = Math.min(32, Math.max(0, prefix - 32 * word));
      return bits === 0 ? 0 : -1 << (32 - bits);
    });
    const size = 2 ** Math.ceil(Math.log2(count * 2 + 1));
    this.#addresses = new Int32Array(size * 4);
    this.#owners = new Int32Array(size).fill(noOwner);
    this.#last = size - 1;
  }

  /** The first to take an address keeps it. */
  add(a: number, b: number, c: number, d: number, owner: number): void {
    const place = this.#place(a, b, c, d);
    if (this.#owners[place] !== noOwner) return;
    this.#addresses[place * 4] = a;
    this.#addresses[place * 4 + 1] = b;
    this.#addresses[place * 4 + 2] = c;
    this.#addresses[place * 4 + 3] = d;
    this.#owners[place] = owner;
  }

  find(a: number, b: number, c: number, d: number): number {
    const { masks } = this;
    return this.#owners[this.#place(a & masks[0]!, b & masks[1]!, c & masks[2]!, d & masks[3]!)]!;
  }

  /** Where the address is, or the free place where it would be: the table is never more than half full. */
  #place(a: number, b: number, c: number, d: number): number {
    let hash =
      Math.imul(a ^ Math.imul(b, 0x85eb_ca6b), 0x9e37_79b1) ^ Math.imul(c ^ Math.imul(d, 0xc2b2_ae35), 0x27d4_eb2f);
    hash ^= hash >>> 15;
    const addresses = this.#addresses;
    for (let place = hash & this.#last; ; place = (place + 1) & this.#last) {
      const at = place * 4;
      if (this.#owners[place] === noOwner) return place;
      if (addresses[at] === a && addresses[at + 1] === b && addresses[at + 2] === c && addresses[at + 3] === d)
        return place;
    }
  }
}

/** Owners are places in the list of peers. A change builds a new table. */
export class PrefixTable {
  readonly #levels4: readonly Level[];
  readonly #levels6: readonly Level[];

  /** Of two peers with the same range the first keeps it. Ranges that do not parse are left out. */
  constructor(peers: readonly PeerRoutes[]) {
    const ranges = peers.flatMap(({ allowedIps }, owner) => allowedIps.flatMap((text) => readRange(text, owner)));
    this.#levels4 = makeLevels(ranges.filter(({ family }) => family === 4));
    this.#levels6 = makeLevels(ranges.filter(({ family }) => family === 6));
  }

  /** @param address as a signed number, the first byte on top */
  find4(address: number): number {
    const levels = this.#levels4;
    for (let index = 0; index < levels.length; index += 1) {
      const owner = levels[index]!.find(address, 0, 0, 0);
      if (owner !== noOwner) return owner;
    }
    return noOwner;
  }

  find6(a: number, b: number, c: number, d: number): number {
    const levels = this.#levels6;
    for (let index = 0; index < levels.length; index += 1) {
      const owner = levels[index]!.find(a, b, c, d);
      if (owner !== noOwner) return owner;
    }
    return noOwner;
  }
}

interface Range {
  readonly family: 4 | 6;
  readonly prefix: number;
  readonly words: readonly number[];
  readonly owner: number;
}

function makeLevels(ranges: readonly Range[]): Level[] {
  const prefixes = [...new Set(ranges.map(({ prefix }) => prefix))].sort((left, right) => right - left);
  return prefixes.map((prefix) => {
    const own = ranges.filter((range) => range.prefix === prefix);
    const level = new Level(prefix, own.length);
    for (const { words, owner } of own) level.add(words[0]!, words[1]!, words[2]!, words[3]!, owner);
    return level;
  });
}

function readRange(text: string, owner: number): Range[] {
  let cidr: Cidr;
  try {
    cidr = parseCidr(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
  const { family, prefix } = cidr;
  const first = BigInt(cidr.first) << (family === 4 ? 96n : 0n);
  const words = [96n, 64n, 32n, 0n].map((shift) => Number(BigInt.asIntN(32, first >> shift)));
  return [{ family, prefix, words, owner }];
}
