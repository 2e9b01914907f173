// Keyed BLAKE2s with an output of 16 bytes (RFC 7693 §3.3), written for speed: a flood of handshakes asks for thousands of these a second.

/** Message schedule of the ten rounds (RFC 7693 §2.7). */
const schedule = Uint8Array.from(
  [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
  ].flat(),
);
/** The first words of SHA-256, as every BLAKE2s starts from. */
const initial = Int32Array.from([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
const blockLength = 64;
const outputLength = 16;
const longestKey = 32;

// One set of them does: nothing here waits for anything, and all of it is wiped at the end.
const state = new Int32Array(8);
const block = new Uint8Array(blockLength);
const words = new Int32Array(block.buffer);

/**
 * MAC(key, data) of WireGuard: BLAKE2s with a key of 1 to 32 bytes and 16 bytes of output.
 * @throws RangeError for a key of another length
 */
export function keyedMac16(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  if (key.length < 1 || key.length > longestKey) throw new RangeError(`a key of 1 to 32 bytes, not ${key.length}`);
  state.set(initial);
  state[0]! ^= 0x01010000 ^ (key.length << 8) ^ outputLength;
  block.fill(0);
  block.set(key);
  let before = 0;
  let filled = blockLength;
  for (const part of data) {
    for (let from = 0; from < part.length; ) {
      if (filled === blockLength) {
        before += blockLength;
        compress(before, false);
        filled = 0;
      }
      const size = Math.min(blockLength - filled, part.length - from);
      for (let index = 0; index < size; index += 1) block[filled + index] = part[from + index]!;
      filled += size;
      from += size;
    }
  }
  block.fill(0, filled);
  compress(before + filled, true);
  const output = new Uint8Array(outputLength);
  for (let index = 0; index < outputLength; index += 1) output[index] = state[index >>> 2]! >>> (8 * (index & 3));
  state.fill(0);
  block.fill(0);
  return output;
}

/**
 * The compression function (RFC 7693 §3.2), its work vector in sixteen variables and the mixing function G written out: that is
 * several times as fast as an array. Messages stay far below 2^32 bytes; words are little-endian, as on every machine that runs this.
 */
function compress(total: number, last: boolean): void {
  let v0 = state[0]!;
  let v1 = state[1]!;
  let v2 = state[2]!;
  let v3 = state[3]!;
  let v4 = state[4]!;
  let v5 = state[5]!;
  let v6 = state[6]!;
  let v7 = state[7]!;
  let v8 = initial[0]!;
  let v9 = initial[1]!;
  let v10 = initial[2]!;
  let v11 = initial[3]!;
  let v12 = initial[4]! ^ total;
  let v13 = initial[5]!;
  let v14 = last ? ~initial[6]! : initial[6]!;
  let v15 = initial[7]!;
  for (let round = 0; round < schedule.length; round += 16) {
    v0 = (v0 + v4 + words[schedule[round]!]!) | 0;
    v12 ^= v0;
    v12 = (v12 >>> 16) | (v12 << 16);
    v8 = (v8 + v12) | 0;
    v4 ^= v8;
    v4 = (v4 >>> 12) | (v4 << 20);
    v0 = (v0 + v4 + words[schedule[round + 1]!]!) | 0;
    v12 ^= v0;
    v12 = (v12 >>> 8) | (v12 << 24);
    v8 = (v8 + v12) | 0;
    v4 ^= v8;
    v4 = (v4 >>> 7) | (v4 << 25);
    v1 = (v1 + v5 + words[schedule[round + 2]!]!) | 0;
    v13 ^= v1;
    v13 = (v13 >>> 16) | (v13 << 16);
    v9 = (v9 + v13) | 0;
    v5 ^= v9;
    v5 = (v5 >>> 12) | (v5 << 20);
    v1 = (v1 + v5 + words[schedule[round + 3]!]!) | 0;
    v13 ^= v1;
    v13 = (v13 >>> 8) | (v13 << 24);
    v9 = (v9 + v13) | 0;
    v5 ^= v9;
    v5 = (v5 >>> 7) | (v5 << 25);
    v2 = (v2 + v6 + words[schedule[round + 4]!]!) | 0;
    v14 ^= v2;
    v14 = (v14 >>> 16) | (v14 << 16);
    v10 = (v10 + v14) | 0;
    v6 ^= v10;
    v6 = (v6 >>> 12) | (v6 << 20);
    v2 = (v2 + v6 + words[schedule[round + 5]!]!) | 0;
    v14 ^= v2;
    v14 = (v14 >>> 8) | (v14 << 24);
    v10 = (v10 + v14) | 0;
    v6 ^= v10;
    v6 = (v6 >>> 7) | (v6 << 25);
    v3 = (v3 + v7 + words[schedule[round + 6]!]!) | 0;
    v15 ^= v3;
    v15 = (v15 >>> 16) | (v15 << 16);
    v11 = (v11 + v15) | 0;
    v7 ^= v11;
    v7 = (v7 >>> 12) | (v7 << 20);
    v3 = (v3 + v7 + words[schedule[round + 7]!]!) | 0;
    v15 ^= v3;
    v15 = (v15 >>> 8) | (v15 << 24);
    v11 = (v11 + v15) | 0;
    v7 ^= v11;
    v7 = (v7 >>> 7) | (v7 << 25);
    v0 = (v0 + v5 + words[schedule[round + 8]!]!) | 0;
    v15 ^= v0;
    v15 = (v15 >>> 16) | (v15 << 16);
    v10 = (v10 + v15) | 0;
    v5 ^= v10;
    v5 = (v5 >>> 12) | (v5 << 20);
    v0 = (v0 + v5 + words[schedule[round + 9]!]!) | 0;
    v15 ^= v0;
    v15 = (v15 >>> 8) | (v15 << 24);
    v10 = (v10 + v15) | 0;
    v5 ^= v10;
    v5 = (v5 >>> 7) | (v5 << 25);
    v1 = (v1 + v6 + words[schedule[round + 10]!]!) | 0;
    v12 ^= v1;
    v12 = (v12 >>> 16) | (v12 << 16);
    v11 = (v11 + v12) | 0;
    v6 ^= v11;
    v6 = (v6 >>> 12) | (v6 << 20);
    v1 = (v1 + v6 + words[schedule[round + 11]!]!) | 0;
    v12 ^= v1;
    v12 = (v12 >>> 8) | (v12 << 24);
    v11 = (v11 + v12) | 0;
    v6 ^= v11;
    v6 = (v6 >>> 7) | (v6 << 25);
    v2 = (v2 + v7 + words[schedule[round + 12]!]!) | 0;
    v13 ^= v2;
    v13 = (v13 >>> 16) | (v13 << 16);
    v8 = (v8 + v13) | 0;
    v7 ^= v8;
    v7 = (v7 >>> 12) | (v7 << 20);
    v2 = (v2 + v7 + words[schedule[round + 13]!]!) | 0;
    v13 ^= v2;
    v13 = (v13 >>> 8) | (v13 << 24);
    v8 = (v8 + v13) | 0;
    v7 ^= v8;
    v7 = (v7 >>> 7) | (v7 << 25);
    v3 = (v3 + v4 + words[schedule[round + 14]!]!) | 0;
    v14 ^= v3;
    v14 = (v14 >>> 16) | (v14 << 16);
    v9 = (v9 + v14) | 0;
    v4 ^= v9;
    v4 = (v4 >>> 12) | (v4 << 20);
    v3 = (v3 + v4 + words[schedule[round + 15]!]!) | 0;
    v14 ^= v3;
    v14 = (v14 >>> 8) | (v14 << 24);
    v9 = (v9 + v14) | 0;
    v4 ^= v9;
    v4 = (v4 >>> 7) | (v4 << 25);
  }
  state[0]! ^= v0 ^ v8;
  state[1]! ^= v1 ^ v9;
  state[2]! ^= v2 ^ v10;
  state[3]! ^= v3 ^ v11;
  state[4]! ^= v4 ^ v12;
  state[5]! ^= v5 ^ v13;
  state[6]! ^= v6 ^ v14;
  state[7]! ^= v7 ^ v15;
}
