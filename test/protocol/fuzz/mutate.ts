// Damaged copies of genuine messages, from a seed: the same seed damages alike, so a finding can be run again.

export interface Mutator {
  /** A number from 0 to `below` - 1. */
  nat(below: number): number;
  pick<Value>(values: readonly Value[]): Value;
  /** A damaged copy; now and then one that is not damaged, or nothing but noise. */
  mutate(golden: Uint8Array): Uint8Array;
}

/** Numbers at which lengths and counts turn over. */
const edges = [0, 1, 2, 15, 16, 17, 31, 32, 33, 127, 128, 254, 255];

export function mutatorOf(seed: number): Mutator {
  let state = seed >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const nat = (below: number): number => next() % below;
  const pick = <Value>(values: readonly Value[]): Value => values[nat(values.length)]!;

  function once(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return Uint8Array.of(nat(256));
    const at = nat(bytes.length);
    const length = nat(Math.min(40, bytes.length - at)) + 1;
    switch (nat(9)) {
      case 0:
        return change(bytes, at, bytes[at]! ^ (1 << nat(8)));
      case 1:
        return change(bytes, at, pick(edges));
      case 2:
        return bytes.slice(0, at);
      case 3:
        return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
      case 4:
        return Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
      case 5: {
        const grown = new Uint8Array(bytes.length + pick([1, 2, 16, 64]));
        grown.set(bytes);
        return grown;
      }
      case 6: {
        // A field of four bytes, as lengths are in SSH, and counters in WireGuard.
        const copy = bytes.slice();
        for (let index = at; index < Math.min(at + 4, copy.length); index += 1)
          copy[index] = pick([0, 0, 1, 0x7f, 0xff]);
        return copy;
      }
      case 7: {
        const copy = bytes.slice();
        copy.copyWithin(at, nat(bytes.length), nat(bytes.length));
        return copy;
      }
      default:
        return change(bytes, at, nat(256));
    }
  }

  return {
    nat,
    pick,
    mutate(golden) {
      const kind = nat(50);
      if (kind === 0) return golden.slice();
      if (kind === 1) return Uint8Array.from({ length: nat(300) }, () => nat(256));
      let bytes = golden;
      for (let rounds = nat(4) + 1; rounds > 0; rounds -= 1) bytes = once(bytes);
      return bytes;
    },
  };
}

function change(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}
