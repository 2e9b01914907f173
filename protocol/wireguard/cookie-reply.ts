// Message 3, cookie reply: 64 bytes.
//
//   0 type u32 · 4 receiver index u32 · 8 nonce 24 · 32 cookie 16+16
//
// Integers are little-endian (WireGuard paper §5.4.7).

export const cookieReplyLength = 64;

export interface CookieReply {
  /** The sender index of the message that was refused. */
  readonly receiverIndex: number;
  readonly nonce: Uint8Array;
  /** Cookie and tag, 32 bytes. */
  readonly sealedCookie: Uint8Array;
}

/** @throws RangeError for a nonce that is not 24 or a sealed cookie that is not 32 bytes */
export function encodeCookieReply(
  type: number,
  receiverIndex: number,
  nonce: Uint8Array,
  sealedCookie: Uint8Array,
): Uint8Array {
  if (nonce.length !== 24) throw new RangeError(`a cookie reply's nonce is 24 bytes, not ${nonce.length}`);
  if (sealedCookie.length !== 32) throw new RangeError(`a sealed cookie is 32 bytes, not ${sealedCookie.length}`);
  const message = new Uint8Array(cookieReplyLength);
  const view = new DataView(message.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, receiverIndex, true);
  message.set(nonce, 8);
  message.set(sealedCookie, 32);
  return message;
}

/** Undefined unless type and length are exact. The fields are views into `message`. */
export function decodeCookieReply(type: number, message: Uint8Array): CookieReply | undefined {
  if (message.length !== cookieReplyLength) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint32(0, true) !== type) return undefined;
  return {
    receiverIndex: view.getUint32(4, true),
    nonce: message.subarray(8, 32),
    sealedCookie: message.subarray(32, 64),
  };
}
