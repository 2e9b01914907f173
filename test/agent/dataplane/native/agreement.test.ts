// Native and portable data plane get the same datagrams: they refuse, accept and deliver the same, and for the same reason.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { passAll } from "../../../../agent/dataplane/filter.ts";
import { KeyTable } from "../../../../agent/dataplane/keys.ts";
import { makeNativeArena } from "../../../../agent/dataplane/native/arena.ts";
import { chooseCipher } from "../../../../agent/dataplane/native/choose-cipher.ts";
import { Forwarder } from "../../../../agent/dataplane/native/forwarder.ts";
import { Incoming } from "../../../../agent/dataplane/native/incoming.ts";
import { Joiner } from "../../../../agent/dataplane/native/join.ts";
import { layout } from "../../../../agent/dataplane/native/layout.ts";
import type { FromPlane } from "../../../../agent/dataplane/native/messages.ts";
import { OffloadRegister, offloadNames, parseOffloads } from "../../../../agent/dataplane/native/offloads.ts";
import { Outgoing } from "../../../../agent/dataplane/native/outgoing.ts";
import { Peers } from "../../../../agent/dataplane/native/peers.ts";
import { PrefixTable } from "../../../../agent/dataplane/native/prefix-table.ts";
import { Reports } from "../../../../agent/dataplane/native/reports.ts";
import {
  makeSharedCounter,
  type SharedCounter,
  sharedCounterLimit,
} from "../../../../agent/dataplane/native/shared-counter.ts";
import { SocketAddresses } from "../../../../agent/dataplane/native/socket-address.ts";
import { makeTallies, readTallies } from "../../../../agent/dataplane/native/tallies.ts";
import { TunReader } from "../../../../agent/dataplane/native/tun-reader.ts";
import { receiveData } from "../../../../agent/dataplane/receive.ts";
import { RoutingTable } from "../../../../agent/dataplane/routing.ts";
import { bindCalls } from "../../../../agent/system/native-calls.ts";
import { type NodeId, parseNodeId } from "../../../../protocol/brand.ts";
import { sealData } from "../../../../protocol/wireguard/data.ts";
import { tunnelProfile } from "../../../../protocol/wireguard/profile.ts";
import { makePacket } from "./packets.ts";

const [alpha, beta] = ["a", "b"].map((digit) => parseNodeId(digit.repeat(64))) as [NodeId, NodeId];
const routes = [
  { nid: alpha, allowedIps: ["100.64.0.1", "fd12:3456:789a::1", "10.0.0.0/8"] },
  { nid: beta, allowedIps: ["100.64.0.3", "10.1.0.0/16"] },
];
const expiresAt = 1_000;
const installed = [
  { peer: alpha, localIndex: 7, remoteIndex: 77 },
  { peer: beta, localIndex: 0xfedc_ba98, remoteIndex: 78 },
];
const secret = (localIndex: number, end: number): Uint8Array => new Uint8Array(32).fill((localIndex & 127) + end);

/** One receiver of each kind with the same keys and routes. */
class Pair {
  readonly keys = new KeyTable(tunnelProfile);
  readonly routes = new RoutingTable(routes);
  readonly tallies = makeTallies();
  readonly said: FromPlane[] = [];
  readonly written: string[] = [];
  readonly others: string[] = [];
  readonly peers: Peers;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly relayed: Uint8Array[] = [];

  constructor(native: typeof machine) {
    const { arena, calls, cipher, offloads } = native;
    const addresses = new SocketAddresses(arena, true);
    this.peers = new Peers(arena, addresses);
    const reports = new Reports(addresses, (message) => this.said.push(message));
    // Nothing is joined here, so that what is written are the packets themselves.
    const joiner = new Joiner(arena, { tcp: false, udp: false }, () => {
      const at = arena.words[(layout.writeList + 16) >>> 2]! - (arena.base >>> 0);
      const length = arena.words[(layout.writeList + 24) >>> 2]!;
      this.written.push(Buffer.from(arena.bytes.subarray(at, at + length)).toString("hex"));
    });
    const table = new PrefixTable(routes);
    const common = { arena, calls, cipher, addresses, reports, tallies: this.tallies, socket: -1 };
    const relay = (_to: NodeId, bytes: Uint8Array): void => void this.relayed.push(bytes);
    this.outgoing = new Outgoing({ ...common, offloads, mtu: 1420, relay });
    const both = { ...common, peers: this.peers, filter: { current: passAll }, routes: () => table };
    const passing = { ...both, outgoing: this.outgoing, unsent: () => undefined };
    const forwarder = new Forwarder({ ...passing, reader: new TunReader(passing) });
    this.incoming = new Incoming({
      ...{ ...both, joiner, forwarder },
      other: (at, length) => this.others.push(Buffer.from(arena.bytes.slice(at, at + length)).toString("hex")),
    });
    this.peers.setRouted(routes);
    for (const { peer, localIndex, remoteIndex } of installed) {
      const keys = { send: secret(localIndex, 1), receive: secret(localIndex, 2) };
      const both = Uint8Array.from([...keys.send, ...keys.receive]);
      this.keys.install({ peer, localIndex, remoteIndex, keys, expiresAt });
      this.peers.install(peer, localIndex, remoteIndex, expiresAt, both);
      expect(both.every((byte) => byte === 0)).toBe(true);
    }
  }

  /** What each made of a datagram of type 4, in one form. */
  receive(datagram: Uint8Array, now: number): { readonly portable: unknown; readonly native: unknown } {
    const received = receiveData(datagram.slice(), this.keys, this.routes, passAll, now);
    const portable = {
      counted: [
        ...(received.refused === undefined ? [] : [received.refused]),
        ...(received.from ? ["received_relay"] : []),
      ],
      from: received.from,
      data: received.from && received.data,
      packet: received.packet && Buffer.from(received.packet).toString("hex"),
    };
    const before = readTallies(this.tallies);
    this.said.length = 0;
    this.written.length = 0;
    this.incoming.receiveOther(datagram, alpha, -1, now);
    const reports = this.peers.routed
      .map((peer) => ({ ...peer.received, nid: peer.nid }))
      .filter((one) => one.packets > 0);
    const report = reports[0];
    for (const peer of this.peers.routed) Object.assign(peer.received, { packets: 0, bytes: 0, data: false });
    const after = readTallies(this.tallies);
    const native = {
      counted: Object.keys(after)
        .filter((name) => after[name] !== before[name])
        .sort(),
      from: report && { peer: report.nid, localIndex: report.index },
      data: report?.data,
      packet: this.written[0],
    };
    return { portable: { ...portable, counted: portable.counted.toSorted() }, native };
  }
}

function openMachine(wish: string) {
  const offloads = new OffloadRegister(parseOffloads(wish)!, () => undefined);
  const arena = makeNativeArena(offloads.isOn("low-memory"));
  return { arena, offloads, calls: bindCalls(), cipher: chooseCipher(arena, offloads) };
}

const machine = openMachine("all");
const evpMachine = openMachine("-direct-cipher,-low-memory");

afterAll(() => {
  machine.cipher.close();
  evpMachine.cipher.close();
});

/** A packet whose headers are whole, and seldom seen. */
function strange(family: 4 | 6, chain: readonly number[], fragment: number, jumbo: boolean): Uint8Array {
  if (family === 4) {
    const packet = makePacket({ family, transport: 17, payload: new Uint8Array(48), source: 1 });
    packet[6] = fragment >>> 8;
    packet[7] = fragment & 255;
    return packet;
  }
  const packet = makePacket({ family, transport: 17, payload: new Uint8Array(8 + 8 * chain.length), source: 1 });
  for (const [index, header] of chain.entries()) {
    packet[index === 0 ? 6 : 40 + 8 * (index - 1)] = header;
    packet.set([17, 0, fragment >>> 8, fragment & 255, 0, 0, 0, 0], 40 + 8 * index);
  }
  if (jumbo) {
    packet.set([0, 0, 0], 4);
    packet.set([17, 0, 0xc2, 4, 0, 1, 0, 0], 40);
  }
  return packet;
}

const inner = fc.oneof(
  fc
    .record({ family: fc.constantFrom<4 | 6>(4, 6), size: fc.nat(1380), source: fc.constantFrom(1, 1, 1, 2, 3) })
    .map(({ family, size, source }) =>
      makePacket({ family, transport: 17, payload: new Uint8Array(size).fill(9), source }),
    ),
  fc.uint8Array({ maxLength: 80 }),
  // A whole header with a total length that may be anything.
  fc
    .record({ family: fc.constantFrom<4 | 6>(4, 6), size: fc.nat(60), total: fc.nat(120) })
    .map(({ family, size, total }) => {
      const packet = makePacket({ family, transport: 17, payload: new Uint8Array(size) });
      packet[family === 4 ? 3 : 5] = total;
      return packet;
    }),
  fc.constant(new Uint8Array(0)),
  // IPv6 behind extension headers, fragments of both families, and a jumbogram: payload length 0, the real one in an option (RFC 2675).
  fc
    .record({
      family: fc.constantFrom<4 | 6>(4, 6),
      chain: fc.array(fc.constantFrom(0, 43, 44, 51, 60, 135), { maxLength: 9 }),
      fragment: fc.nat(0xffff),
      jumbo: fc.boolean(),
    })
    .map(({ family, chain, fragment, jumbo }) => strange(family, chain, fragment, jumbo)),
);
const harm = fc.constantFrom("none", "none", "none", "replay", "bit", "cut", "type", "index", "grow", "length", "late");
const step = fc.record({
  inner,
  harm,
  key: fc.nat(1),
  jump: fc.oneof(fc.integer({ min: -9000, max: 9000 }), fc.integer({ min: -3, max: 3 })),
  huge: fc.option(fc.constantFrom(2 ** 53 - 2, 2 ** 53 - 1, 2 ** 52), { freq: 30 }),
  place: fc.nat(2000),
  padding: fc.nat(31),
});

describe.each([
  ["direct", machine],
  ["evp", evpMachine],
] as const)("the native data plane with the cipher %s", (kind, native) => {
  it("runs that cipher", () => {
    expect(native.cipher.kind).toBe(kind);
    expect(offloadNames).toContain("direct-cipher");
  });

  it("accepts what the portable one accepts, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        const pair = new Pair(native);
        let counter = 20_000;
        let last: Uint8Array | undefined;
        for (const one of steps) {
          counter = Math.max(0, counter + one.jump);
          const { localIndex } = installed[one.key]!;
          const padded = new Uint8Array(one.inner.length + (one.inner.length === 0 ? 0 : one.padding));
          padded.set(one.inner);
          const number = one.huge ?? counter;
          let datagram = sealData(tunnelProfile, secret(localIndex, 2), localIndex, number, padded);
          if (one.harm === "replay" && last !== undefined) datagram = last.slice();
          last = datagram.slice();
          const at = one.place % datagram.length;
          if (one.harm === "bit" && at > 3) datagram[at]! ^= 1 << (one.place & 7);
          if (one.harm === "cut") datagram = datagram.slice(0, Math.max(4, at));
          if (one.harm === "type") datagram[1 + (one.place % 3)] = 1;
          if (one.harm === "index") datagram[4]! ^= 0x55;
          if (one.harm === "grow") datagram = Uint8Array.from([...datagram, 1]);
          if (one.harm === "length")
            datagram = Uint8Array.from([...datagram.subarray(0, 16), ...new Uint8Array(at % 16)]);
          const { portable, native: other } = pair.receive(datagram, one.harm === "late" ? expiresAt : 0);
          expect(other).toEqual(portable);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("hands on what is not data, as it came", () => {
    const pair = new Pair(native);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        fc.pre(bytes[0] !== 4);
        pair.others.length = 0;
        pair.incoming.receiveOther(bytes, alpha, -1, 0);
        expect(pair.others).toEqual([Buffer.from(bytes).toString("hex")]);
      }),
      { numRuns: 50 },
    );
  });

  it("seals what the portable one opens, each byte as the reference has it", () => {
    for (const shared of [undefined, makeSharedCounter()]) expectSealed(native, shared);
  });
});

/** `shared`: the counter, where it is not the key's own. */
function expectSealed(native: typeof machine, shared: SharedCounter | undefined): void {
  const pair = new Pair(native);
  const { arena } = native;
  const { localIndex, remoteIndex } = installed[0]!;
  const keys = Uint8Array.from([...secret(localIndex, 1), ...secret(localIndex, 2)]);
  pair.peers.install(alpha, localIndex, remoteIndex, expiresAt, keys, shared);
  pair.peers.setPaths(alpha, [{ kind: "relay", nid: alpha }]);
  pair.peers.select(alpha, localIndex);
  const peer = pair.peers.find(alpha)!;
  let counter = 0;
  for (const length of [0, 1, 20, 28, 31, 32, 33, 1280, 1404, 1405, 1419, 1420]) {
    const packet = Uint8Array.from({ length }, (_, index) => (index * 7) & 255);
    arena.bytes.fill(0xaa, layout.tunPacket, layout.tunPacket + 1600);
    arena.bytes.set(packet, layout.tunPacket);
    expect(pair.outgoing.seal(peer, layout.tunPacket, length, 0)).toBe(true);
    const padded = new Uint8Array(Math.min(1420, Math.ceil(length / 16) * 16));
    padded.set(packet);
    const want = sealData(tunnelProfile, secret(localIndex, 1), remoteIndex, counter, padded);
    expect(pair.relayed.at(-1)).toEqual(want);
    counter += 1;
  }
  expect(pair.outgoing.seal(peer, layout.tunPacket, 100, expiresAt)).toBe(false);
  if (shared !== undefined) {
    expect(shared[0]).toBe(counter);
    shared[0] = sharedCounterLimit;
    expect(pair.outgoing.seal(peer, layout.tunPacket, 100, 0)).toBe(false);
    shared[0] = sharedCounterLimit - 1;
    expect(pair.outgoing.seal(peer, layout.tunPacket, 100, 0)).toBe(true);
  }
  pair.peers.remove(localIndex);
  expect(pair.outgoing.seal(peer, layout.tunPacket, 100, 0)).toBe(false);
}
