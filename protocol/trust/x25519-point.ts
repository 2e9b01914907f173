// Which 32 bytes are X25519 public keys: canonical, and not of small order (RFC 7748 §6.1).

const prime = (1n << 255n) - 19n;

/** u-coordinates of order 1, 2, 4 and 8 below the prime: every private key gives zero with them. */
const smallOrder: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  prime - 1n,
  littleEndian(Buffer.from("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "hex")),
  littleEndian(Buffer.from("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", "hex")),
]);

/** Says whether `bytes` is the one encoding of a usable X25519 public key. */
export function isUsableX25519(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const u = littleEndian(bytes);
  return u < prime && !smallOrder.has(u);
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);
}
