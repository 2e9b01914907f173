// Where everything lies in the arena: one block of memory that JavaScript, WebAssembly and the kernel share. Offsets in bytes.

/** Kept free before every buffer of packets: sealing and opening write key stream there. */
export const headroom = 64;
/** Longest datagram of IPv4 without options (RFC 768, RFC 791). */
export const longestDatagram = 65_507;
/** One read of the TUN device: virtio header and the longest IP packet. */
export const tunReadLength = 10 + 65_535;

/** Datagrams taken with one call. */
export const receiveSlots = 16;
/** Messages given to one call; each is a run of equal datagrams to one address. */
export const sendRuns = 64;
export const keySlots = 4096;
export const addressSlots = 4096;
export const addressLength = 32;
/** Entries of the list for writev: the virtio header, the first packet and payloads of others. */
export const writeVectors = 512;

export const layout = {
  /** 4 bytes block counter, 4 zero bytes, 8 bytes packet counter: the 16 bytes that ChaCha20 takes. */
  nonce: 16,
  /** Three struct pollfd. */
  pollDescriptors: 32,
  time: 64,
  eventValue: 80,
  /** 48 bytes before the output and 16 behind the input, saved while a packet is sealed. */
  savedOutput: 128,
  savedInput: 176,
  /** Tag and next header, saved while a packet is opened. */
  savedTag: 192,
  computedTag: 224,
  smallInteger: 240,
  nameLength: 244,
  name: 256,
  /** State of Poly1305 in OpenSSL: 512 is twice what it takes. */
  poly: 512,
  /** The header of a packet that is being split, 60 + 60 bytes. */
  splitHeader: 1152,
  /** virtio header of what is written to the TUN device. */
  writeHeader: 1344,
  sendMessages: 0x1000,
  sendVectors: 0x2000,
  /** 48 bytes for each run. */
  sendControl: 0x2400,
  receiveMessages: 0x3000,
  receiveVectors: 0x3400,
  receiveControl: 0x3600,
  receiveNames: 0x3c00,
  writeList: 0x4000,
  addresses: 0x1_0000,
  keys: 0x3_0000,
  /** The virtio header lies just before the packet, which is aligned. */
  tunPacket: 0x7_0100,
  /** Sealed datagrams that wait for the next send. */
  outgoing: 0x9_0100,
  incoming: 0xc_0100,
  plaintext: 0x1d_0100,
} as const;

export const tunRead = layout.tunPacket - 10;
export const outgoingLength = 0x2_8000;
/** From one receive buffer to the next: the longest datagram, and room before and behind. */
export const incomingStride = 0x1_1000;
export const plaintextLength = 0xf_0000;
/** Pages of 64 KiB. */
export const arenaPages = 0x2d;
