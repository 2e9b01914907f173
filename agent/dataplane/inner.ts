// The little that the packet path reads of an inner packet: version, length, where from and where to.

export interface InnerPacket {
  readonly family: 4 | 6;
  /** Bytes of the packet itself; what is behind them is padding. */
  readonly length: number;
  readonly sourceOffset: number;
  readonly destinationOffset: number;
}

/** Undefined unless the header is whole and its length fits into `bytes` (RFC 791 §3.1, RFC 8200 §3). */
export function readInner(bytes: Uint8Array): InnerPacket | undefined {
  const version = (bytes[0] ?? 0) >>> 4;
  if (version === 4 && bytes.length >= 20) {
    const length = bytes[2]! * 256 + bytes[3]!;
    if (length < 20 || length > bytes.length) return undefined;
    return { family: 4, length, sourceOffset: 12, destinationOffset: 16 };
  }
  if (version === 6 && bytes.length >= 40) {
    const length = 40 + bytes[4]! * 256 + bytes[5]!;
    if (length > bytes.length) return undefined;
    return { family: 6, length, sourceOffset: 8, destinationOffset: 24 };
  }
  return undefined;
}
