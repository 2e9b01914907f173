// Builds inner packets for tests, with checksums computed the plain way, independent of the code under test.

export interface PacketShape {
  readonly family: 4 | 6;
  readonly transport: 6 | 17;
  readonly payload: Uint8Array;
  readonly sequence?: number;
  readonly flags?: number;
  readonly identification?: number;
  /** Bytes of TCP options, a multiple of 4. */
  readonly options?: Uint8Array;
  readonly ports?: readonly [number, number];
  readonly trafficClass?: number;
  readonly source?: number;
}

/** Ones' complement sum as RFC 1071 says it, byte pairs from the top. */
export function plainSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let index = 0; index < bytes.length; index += 2) sum += bytes[index]! * 256 + (bytes[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

/** Sum over pseudo header and transport part; 0xffff when its checksum is right. */
export function transportSum(packet: Uint8Array): number {
  const six = packet[0]! >>> 4 === 6;
  const at = six ? 40 : (packet[0]! & 15) * 4;
  const addresses = six ? packet.subarray(8, 40) : packet.subarray(12, 20);
  const length = packet.length - at;
  return plainSum(packet.subarray(at), plainSum(addresses, packet[six ? 6 : 9]! + length));
}

export function headerLength(packet: Uint8Array): number {
  const six = packet[0]! >>> 4 === 6;
  const at = six ? 40 : (packet[0]! & 15) * 4;
  return at + (packet[six ? 6 : 9] === 6 ? (packet[at + 12]! >>> 4) * 4 : 8);
}

export function makePacket(shape: PacketShape): Uint8Array {
  const { family, transport, payload, sequence = 1, flags = 0x10, identification = 7, options } = shape;
  const ip = family === 4 ? 20 : 40;
  const own = transport === 6 ? 20 + (options?.length ?? 0) : 8;
  const packet = new Uint8Array(ip + own + payload.length);
  const view = new DataView(packet.buffer);
  if (family === 4) {
    view.setUint16(0, 0x4500 | (shape.trafficClass ?? 0));
    view.setUint16(2, packet.length);
    view.setUint16(4, identification);
    view.setUint16(6, 0x4000);
    view.setUint16(8, 0x4000 | transport);
    packet.set([100, 64, 0, shape.source ?? 1, 100, 64, 0, 2], 12);
    view.setUint16(10, 0xffff - plainSum(packet.subarray(0, 20)));
  } else {
    view.setUint32(0, 0x60000000 | ((shape.trafficClass ?? 0) << 20));
    view.setUint16(4, packet.length - 40);
    view.setUint16(6, (transport << 8) | 64);
    packet.set([0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a], 8);
    packet.set([0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a], 24);
    packet[23] = shape.source ?? 1;
    packet[39] = 2;
  }
  const [from, to] = shape.ports ?? [4000, 5000];
  view.setUint16(ip, from);
  view.setUint16(ip + 2, to);
  packet.set(payload, ip + own);
  if (transport === 6) {
    view.setUint32(ip + 4, sequence);
    view.setUint32(ip + 8, 99);
    view.setUint16(ip + 12, (own << 10) | flags);
    view.setUint16(ip + 14, 501);
    if (options !== undefined) packet.set(options, ip + 20);
  } else {
    view.setUint16(ip + 4, own + payload.length);
  }
  fixChecksum(packet);
  return packet;
}

/** Writes the right transport checksum. */
export function fixChecksum(packet: Uint8Array): void {
  const six = packet[0]! >>> 4 === 6;
  const at = six ? 40 : 20;
  const udp = packet[six ? 6 : 9] === 17;
  const field = at + (udp ? 6 : 16);
  const view = new DataView(packet.buffer, packet.byteOffset);
  view.setUint16(field, 0);
  const sum = 0xffff - transportSum(packet);
  view.setUint16(field, sum === 0 && udp ? 0xffff : sum);
}
