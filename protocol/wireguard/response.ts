// Message 2, handshake response: 92 bytes.
//
//   0 type u32 · 4 sender index u32 · 8 receiver index u32 · 12 ephemeral 32 · 44 empty 0+16 · 60 mac1 16 · 76 mac2 16
//
// Integers are little-endian (WireGuard paper §5.4.3).

export const responseLength = 92;

export interface Response {
  readonly senderIndex: number;
  /** The sender index of the initiation that is answered. */
  readonly receiverIndex: number;
  /** Ephemeral and sealed nothing: the Noise message, 48 bytes. */
  readonly noise: Uint8Array;
  readonly mac1: Uint8Array;
  readonly mac2: Uint8Array;
}

/** The bytes before mac1, 60 of them. @throws RangeError when the Noise message is not 48 bytes */
export function encodeResponse(
  type: number,
  senderIndex: number,
  receiverIndex: number,
  noise: Uint8Array,
): Uint8Array {
  if (noise.length !== 48) throw new RangeError(`a response carries 48 bytes, not ${noise.length}`);
  const head = new Uint8Array(60);
  const view = new DataView(head.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, senderIndex, true);
  view.setUint32(8, receiverIndex, true);
  head.set(noise, 12);
  return head;
}

/** Undefined unless type and length are exact. The fields are views into `message`. */
export function decodeResponse(type: number, message: Uint8Array): Response | undefined {
  if (message.length !== responseLength) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint32(0, true) !== type) return undefined;
  return {
    senderIndex: view.getUint32(4, true),
    receiverIndex: view.getUint32(8, true),
    noise: message.subarray(12, 60),
    mac1: message.subarray(60, 76),
    mac2: message.subarray(76, 92),
  };
}
