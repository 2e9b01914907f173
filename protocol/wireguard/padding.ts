// How long a data message is for a packet: what sealing adds, and the padding that hides the packet's exact length.

/** Header 16 and tag 16: what a packet grows by, and the length of a keepalive. */
export const dataOverhead = 32;

/**
 * The length in bytes that a plaintext of `length` is padded to with zeros: a multiple of 16, but not beyond the MTU.
 * A packet above the MTU counts from its last full MTU on, as in the kernel.
 */
export function padTo16(length: number, mtu: number): number {
  const last = mtu > 0 && length > mtu ? length % mtu : length;
  const padded = Math.ceil(last / 16) * 16;
  return length - last + (mtu > 0 ? Math.max(last, Math.min(mtu, padded)) : padded);
}
