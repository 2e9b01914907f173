// Joining and splitting packets: one undoes the other, checksums are right by an independent sum, nonsense is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Arena, makeArena } from "../../../../agent/dataplane/native/arena.ts";
import { Joiner } from "../../../../agent/dataplane/native/join.ts";
import { layout } from "../../../../agent/dataplane/native/layout.ts";
import { innerLength } from "../../../../agent/dataplane/native/packet.ts";
import { completeChecksum, splitPacket } from "../../../../agent/dataplane/native/split.ts";
import { emptyVirtio, readVirtio, virtioHeaderLength } from "../../../../agent/dataplane/native/virtio.ts";
import { fixChecksum, headerLength, makePacket, transportSum } from "./packets.ts";

const arena = makeArena();
const inbox = layout.tunPacket;

/** What the joiner writes for these packets: each with its virtio header before it. */
function join(packets: readonly Uint8Array[]): Uint8Array[] {
  const written: Uint8Array[] = [];
  const joiner = new Joiner(arena, { tcp: true, udp: true }, (count) => written.push(gather(arena, count)));
  let at: number = layout.plaintext;
  for (const packet of packets) {
    arena.bytes.set(packet, at);
    joiner.add(at, packet.length);
    at += (packet.length + 79) & ~15;
  }
  joiner.flush();
  return written;
}

function gather({ words, bytes }: Arena, count: number): Uint8Array {
  const parts = Array.from({ length: count }, (_, index) => {
    const entry = (layout.writeList + index * 16) >>> 2;
    return Buffer.from(bytes.subarray(words[entry]!, words[entry]! + words[entry + 2]!));
  });
  return Uint8Array.from(Buffer.concat(parts));
}

/** What the data plane would seal for what the kernel hands over; undefined when it is refused. */
function split(frame: Uint8Array): Uint8Array[] | undefined {
  arena.bytes.fill(0, inbox - 80, inbox);
  arena.bytes.set(frame, inbox - virtioHeaderLength);
  const length = frame.length - virtioHeaderLength;
  const virtio = emptyVirtio();
  if (length <= 0 || innerLength(arena, inbox, length) !== length) return undefined;
  if (!readVirtio(arena, inbox - virtioHeaderLength, length, virtio)) return undefined;
  const packets: Uint8Array[] = [];
  const take = (at: number, size: number): void => {
    packets.push(arena.bytes.slice(at, at + size));
    // What sealing does to the bytes before a packet.
    arena.bytes.fill(0xee, at - 64, at);
  };
  if (virtio.segment > 0) splitPacket(arena, inbox, length, virtio, take);
  else {
    if (virtio.transportAt > 0) completeChecksum(arena, inbox, length, virtio);
    take(inbox, length);
  }
  return packets;
}

const flow = fc.record({
  family: fc.constantFrom<4 | 6>(4, 6),
  transport: fc.constantFrom<6 | 17>(6, 17),
  segment: fc.integer({ min: 1, max: 1400 }),
  count: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 46, max: 60 })),
  last: fc.integer({ min: 1, max: 1400 }),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
  identification: fc.integer({ min: 0, max: 0xffff }),
  options: fc.constantFrom(0, 4, 12, 40),
  push: fc.boolean(),
  seed: fc.integer({ min: 0, max: 255 }),
});

function packetsOf(one: typeof flow extends fc.Arbitrary<infer Value> ? Value : never): Uint8Array[] {
  const { family, transport, segment, count, last, push, seed } = one;
  const fits = Math.min(count, Math.floor(90_000 / segment));
  return Array.from({ length: fits }, (_, index) => {
    const final = index === fits - 1;
    const size = final ? Math.min(segment, last) : segment;
    return makePacket({
      family,
      transport,
      payload: Uint8Array.from({ length: size }, (_, byte) => (byte * 13 + seed + index) & 255),
      sequence: (one.sequence + index * segment) % 2 ** 32,
      identification: (one.identification + index) & 0xffff,
      flags: 0x10 | (final && push ? 8 : 0),
      ...(one.options > 0 ? { options: new Uint8Array(one.options).fill(1) } : {}),
    });
  });
}

describe("packets of one flow", () => {
  it("are joined into one, and split into themselves again", () => {
    fc.assert(
      fc.property(flow, (one) => {
        const packets = packetsOf(one);
        const written = join(packets);
        const total = packets.reduce((sum, packet) => sum + packet.length - headerLength(packet), 0);
        // One, unless it would be longer than an IP packet can be.
        if (total + 120 < 65_535) expect(written).toHaveLength(1);
        for (const frame of written) expect(frame.length).toBeLessThanOrEqual(10 + 65_535);
        expect(written.flatMap((frame) => split(frame) ?? [])).toEqual(packets);
      }),
      { numRuns: 300 },
    );
  });

  it("leave in the order they came, all of them and unchanged, whatever is mixed", () => {
    const mixed = fc.array(fc.tuple(flow, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 70 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(mixed, (flows) => {
        const packets = flows.flatMap(([one, harm, where]) => {
          const own = packetsOf({ ...one, count: Math.min(one.count, 8) });
          const victim = own[where % own.length]!;
          // 0: wrong checksum, 1: another TOS, 2: a fragment, 3: a FIN; the rest: nothing.
          if (harm === 0) victim[victim.length - 1]! ^= 1;
          if (harm === 1 && one.family === 6) victim[1]! ^= 0x10;
          if (harm === 2 && one.family === 4) victim[6]! |= 0x20;
          if (harm === 3 && one.transport === 6) {
            victim[(one.family === 4 ? 20 : 40) + 13]! |= 1;
            fixChecksum(victim);
          }
          return own;
        });
        expect(join(packets).flatMap((frame) => split(frame) ?? [])).toEqual(packets);
      }),
      { numRuns: 200 },
    );
  });

  it("with a wrong checksum are not joined: the kernel must see it", () => {
    const packets = [1, 2, 3].map((index) =>
      makePacket({
        family: 4,
        transport: 6,
        payload: new Uint8Array(100),
        sequence: index * 100,
        identification: index,
      }),
    );
    expect(join(packets)).toHaveLength(1);
    packets[1]![60]! ^= 1;
    expect(join(packets)).toHaveLength(3);
  });

  it("of UDP are no more than the kernel takes, and fewer once it has refused that many", () => {
    const counts: number[] = [];
    const joiner = new Joiner(arena, { tcp: true, udp: true }, (_, joined) => counts.push(joined));
    const addAll = (): void => {
      for (let index = 0; index < 300; index += 1) {
        const packet = makePacket({ family: 4, transport: 17, payload: new Uint8Array(20), identification: index });
        arena.bytes.set(packet, layout.plaintext + index * 128);
        joiner.add(layout.plaintext + index * 128, packet.length);
      }
      joiner.flush();
    };
    addAll();
    joiner.shorten(64);
    addAll();
    joiner.shorten(128);
    addAll();
    expect(counts).toEqual([128, 128, 44, 128, 128, 44, 64, 64, 64, 64, 44]);
  });

  it("of UDP without a checksum are not joined", () => {
    const packets = [1, 2].map((index) =>
      makePacket({ family: 4, transport: 17, payload: new Uint8Array(100), identification: index }),
    );
    expect(join(packets)).toHaveLength(1);
    for (const packet of packets) packet.fill(0, 26, 28);
    expect(join(packets)).toHaveLength(2);
  });
});

describe("what the kernel hands over", () => {
  const whole = (): Uint8Array => {
    const packets = packetsOf({
      ...{ family: 4, transport: 6, segment: 500, count: 5, last: 300, sequence: 9, identification: 3 },
      ...{ options: 12, push: true, seed: 1 },
    });
    return join(packets)[0]!;
  };

  it("is refused when its header says what cannot be", () => {
    const frame = whole();
    expect(split(frame)).toHaveLength(5);
    const spoilt = (...changes: readonly (readonly [number, number])[]): Uint8Array => {
      const copy = frame.slice();
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    };
    for (const changes of [
      [[0, 0]], // to be split, but with nothing to complete
      [[0, 2]], // an unknown flag
      [[1, 2]], // an unknown kind
      [[1, 4]], // IPv6, but it is not
      [[1, 5]], // UDP, but it is not
      [[1, 0x81]], // with ECN, which was not asked for
      [
        [4, 0],
        [5, 0],
      ], // segments of nothing
      [[6, 24]], // the transport header elsewhere
      [[7, 0xff]], // or outside
      [[8, 6]], // the checksum of another transport
      [[10 + 20 + 12, 0x40]], // a TCP header of 16 bytes
      [[10 + 6, 0x20]], // a fragment
    ] as const) {
      expect(split(spoilt(...changes)), JSON.stringify(changes)).toBeUndefined();
    }
    expect(split(frame.subarray(0, 10))).toBeUndefined();
    expect(split(frame.subarray(0, 0))).toBeUndefined();
    expect(split(frame.subarray(0, frame.length - 1))).toBeUndefined();
  });

  it("never makes the reader leave its buffer, nor give a packet that is not one", () => {
    const headers = fc.uint8Array({ minLength: virtioHeaderLength, maxLength: virtioHeaderLength });
    const changes = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(fc.option(headers), changes, fc.nat(3000), (header, list, cut) => {
        const frame = whole();
        if (header !== null) frame.set(header);
        for (const [at, value] of list) frame[at] = value;
        const before = arena.bytes.slice(layout.outgoing, layout.outgoing + 64);
        const packets = split(frame.subarray(0, Math.max(0, frame.length - (cut > 1500 ? 0 : cut)))) ?? [];
        for (const packet of packets) expect(packet.length).toBeLessThanOrEqual(frame.length);
        expect(arena.bytes.subarray(layout.outgoing, layout.outgoing + 64)).toEqual(before);
      }),
      { numRuns: 1500 },
    );
  });

  it("goes along the extension headers that the kernel may split behind, and no others", () => {
    const inner = makePacket({ family: 6, transport: 6, payload: new Uint8Array(3000).fill(7) });
    const extended = (kind: number): Uint8Array => {
      const frame = new Uint8Array(virtioHeaderLength + inner.length + 8);
      frame.set(inner.subarray(0, 40), virtioHeaderLength);
      frame.set([6, 0, 1, 4, 0, 0, 0, 0], virtioHeaderLength + 40);
      frame.set(inner.subarray(40), virtioHeaderLength + 48);
      const view = new DataView(frame.buffer);
      view.setUint16(virtioHeaderLength + 4, inner.length + 8 - 40);
      frame[virtioHeaderLength + 6] = kind;
      frame[0] = 1;
      frame[1] = 4;
      view.setUint16(4, 1000, true);
      view.setUint16(6, 48, true);
      view.setUint16(8, 16, true);
      return frame;
    };
    const packets = split(extended(0));
    expect(packets).toHaveLength(3);
    for (const packet of packets ?? []) {
      // The checksum covers what is behind the extension header.
      const plain = Uint8Array.from([...packet.subarray(0, 40), ...packet.subarray(48)]);
      plain[6] = 6;
      expect(transportSum(plain)).toBe(0xffff);
    }
    expect(split(extended(43))).toBeUndefined();
    expect(split(extended(44))).toBeUndefined();
  });
});
