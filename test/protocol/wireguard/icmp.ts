// Raw IPv4 packets with an ICMP echo, built and read byte by byte (RFC 791, RFC 792).

export interface Echo {
  readonly type: "request" | "reply";
  readonly source: string;
  readonly destination: string;
  readonly id: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export function encodeEcho(echo: Echo): Uint8Array {
  const length = 28 + echo.payload.length;
  const packet = Buffer.alloc(length);
  packet[0] = 0x45;
  packet.writeUInt16BE(length, 2);
  packet[8] = 64;
  packet[9] = 1;
  packet.set(echo.source.split(".").map(Number), 12);
  packet.set(echo.destination.split(".").map(Number), 16);
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
  packet[20] = echo.type === "request" ? 8 : 0;
  packet.writeUInt16BE(echo.id, 24);
  packet.writeUInt16BE(echo.sequence, 26);
  packet.set(echo.payload, 28);
  packet.writeUInt16BE(checksum(packet.subarray(20)), 22);
  return new Uint8Array(packet);
}

/** Undefined for anything that is not a well-formed echo. Padding behind the packet is cut off. */
export function decodeEcho(bytes: Uint8Array): Echo | undefined {
  const padded = Buffer.from(bytes);
  if (padded.length < 28 || padded[0] !== 0x45 || padded[9] !== 1) return undefined;
  const packet = padded.subarray(0, padded.readUInt16BE(2));
  if (packet.length < 28 || checksum(packet.subarray(0, 20)) !== 0 || checksum(packet.subarray(20)) !== 0) {
    return undefined;
  }
  if (packet[20] !== 8 && packet[20] !== 0) return undefined;
  return {
    type: packet[20] === 8 ? "request" : "reply",
    source: packet.subarray(12, 16).join("."),
    destination: packet.subarray(16, 20).join("."),
    id: packet.readUInt16BE(24),
    sequence: packet.readUInt16BE(26),
    payload: new Uint8Array(packet.subarray(28)),
  };
}

/** The Internet checksum; 0 over bytes that contain a right one. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 1) sum += bytes[index]! << (index % 2 === 0 ? 8 : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
