// Which 32 bytes are usable public keys: one encoding each, and not of small order (RFC 7748 §6.1, RFC 8032 §5.1.3).

const prime = (1n << 255n) - 19n;

/** u-coordinates of order 1, 2, 4 and 8 below the prime: every private key gives zero with them. */
const smallOrderU: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  prime - 1n,
  littleEndian(Buffer.from("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "hex")),
  littleEndian(Buffer.from("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", "hex")),
]);

/** y-coordinates of order 1, 2, 4 and 8: under such a key anybody can sign whatever they like. */
const smallOrderY: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  prime - 1n,
  littleEndian(Buffer.from("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "hex")),
  littleEndian(Buffer.from("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "hex")),
]);

/** Says whether `bytes` is the one encoding of a usable X25519 public key. */
export function isUsableX25519(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const u = littleEndian(bytes);
  return u < prime && !smallOrderU.has(u);
}

/** Says whether `bytes` may be an Ed25519 public key; a point off the curve shows at its first signature. */
export function isUsableEd25519(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const y = littleEndian(bytes) & ((1n << 255n) - 1n);
  return y < prime && !smallOrderY.has(y);
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);
}
