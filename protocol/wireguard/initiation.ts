// Message 1, handshake initiation: 148 bytes.
//
//   0 type u32 · 4 sender index u32 · 8 ephemeral 32 · 40 static 32+16 · 88 timestamp 12+16 · 116 mac1 16 · 132 mac2 16
//
// Integers are little-endian (WireGuard paper §5.4.2).

export const initiationLength = 148;

export interface Initiation {
  readonly senderIndex: number;
  /** Ephemeral, sealed static and sealed timestamp: the Noise message, 108 bytes. */
  readonly noise: Uint8Array;
  readonly mac1: Uint8Array;
  readonly mac2: Uint8Array;
}

/** The bytes before mac1, 116 of them. @throws RangeError when the Noise message is not 108 bytes */
export function encodeInitiation(type: number, senderIndex: number, noise: Uint8Array): Uint8Array {
  if (noise.length !== 108) throw new RangeError(`an initiation carries 108 bytes, not ${noise.length}`);
  const head = new Uint8Array(116);
  const view = new DataView(head.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, senderIndex, true);
  head.set(noise, 8);
  return head;
}

/** Undefined unless type and length are exact. The fields are views into `message`. */
export function decodeInitiation(type: number, message: Uint8Array): Initiation | undefined {
  if (message.length !== initiationLength) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint32(0, true) !== type) return undefined;
  return {
    senderIndex: view.getUint32(4, true),
    noise: message.subarray(8, 116),
    mac1: message.subarray(116, 132),
    mac2: message.subarray(132, 148),
  };
}
