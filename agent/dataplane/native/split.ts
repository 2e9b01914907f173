// Splits what the kernel left whole (TSO, USO) into packets, in place: each header is written over payload that was taken already.
import type { Arena } from "./arena.ts";
import { layout } from "./layout.ts";
import { pseudoSum, tcp, udp } from "./packet.ts";
import type { VirtioPacket } from "./virtio.ts";

/** Takes one packet; its bytes, and 64 before it, are its own until it returns. */
export type TakePacket = (at: number, length: number) => void;

const pushOrFinish = 0x09;
const congestionReduced = 0x80;

/** Completes the transport checksum of a whole packet: the kernel left the sum of the pseudo header in its place. */
export function completeChecksum({ view, kernels }: Arena, at: number, length: number, virtio: VirtioPacket): void {
  const field = at + virtio.transportAt + virtio.checksumOffset;
  const sum = ~kernels.sum(at + virtio.transportAt, length - virtio.transportAt, 0) & 0xffff;
  // Zero means "no checksum" in UDP (RFC 768).
  view.setUint16(field, sum === 0 && virtio.checksumOffset === 6 ? 0xffff : sum, true);
}

/** Gives every segment of the packet at `at`, in order. `virtio` has passed `readVirtio` for it. */
export function splitPacket(arena: Arena, at: number, length: number, virtio: VirtioPacket, take: TakePacket): void {
  const { bytes, view, kernels } = arena;
  const { headerLength, transportAt, transport, segment } = virtio;
  const header = layout.splitHeader;
  kernels.copy(header, at, headerLength);
  const six = bytes[header]! >>> 4 === 6;
  const identification = six ? 0 : view.getUint16(header + 4);
  const sequence = transport === tcp ? view.getUint32(header + transportAt + 4) : 0;
  const flags = transport === tcp ? bytes[header + transportAt + 13]! : 0;
  const payload = length - headerLength;
  for (let done = 0, index = 0; done < payload; done += segment, index += 1) {
    const size = Math.min(segment, payload - done);
    const start = at + done;
    const packet = headerLength + size;
    kernels.copy(start, header, headerLength & ~15);
    for (let byte = headerLength & ~15; byte < headerLength; byte += 1) bytes[start + byte] = bytes[header + byte]!;
    if (six) {
      view.setUint16(start + 4, packet - 40);
    } else {
      view.setUint16(start + 2, packet);
      view.setUint16(start + 4, identification + index);
      view.setUint16(start + 10, 0);
      view.setUint16(start + 10, ~kernels.sum(start, transportAt, 0), true);
    }
    const from = start + transportAt;
    const behind = packet - transportAt;
    if (transport === udp) {
      view.setUint16(from + 4, behind);
      view.setUint16(from + 6, 0);
      const sum = ~kernels.sum(from, behind, pseudoSum(arena, start, udp, behind)) & 0xffff;
      view.setUint16(from + 6, sum === 0 ? 0xffff : sum, true);
    } else {
      view.setUint32(from + 4, sequence + done);
      bytes[from + 13] =
        flags & (done + size < payload ? ~pushOrFinish : 0xff) & (index > 0 ? ~congestionReduced : 0xff);
      view.setUint16(from + 16, 0);
      view.setUint16(from + 16, ~kernels.sum(from, behind, pseudoSum(arena, start, tcp, behind)), true);
    }
    take(start, packet);
  }
}
