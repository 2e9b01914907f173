// The Merkle root of a set of hashes: one hash for a set, whatever the order in which it grew (RFC 6962 §2.1).
import { createHash } from "node:crypto";

/**
 * Root over the sorted hashes. Leaf: SHA-256(00 ‖ hash); node: SHA-256(01 ‖ left ‖ right), the left half the largest power of
 * two below the count; the empty set: SHA-256 of nothing.
 * @param hashes 64 hexadecimal digits each, all different
 */
export function merkleRoot(hashes: readonly string[]): string {
  let level = hashes.toSorted().map((hash) => sha256(Uint8Array.of(0), Buffer.from(hash, "hex")));
  if (level.length === 0) return sha256().toString("hex");
  // Pairing from the left, an odd last one going up as it is, gives RFC 6962's tree.
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const left = level[index]!;
      const right = level[index + 1];
      above.push(right === undefined ? left : sha256(Uint8Array.of(1), left, right));
    }
    level = above;
  }
  return level[0]!.toString("hex");
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
