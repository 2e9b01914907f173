// Marks of datagrams that come in through a real socket of the loopback interface reach the packets inside.
import { afterAll, describe, expect, it } from "vitest";
import { ecnOf } from "../../../../agent/dataplane/ecn.ts";
import { passAll } from "../../../../agent/dataplane/filter.ts";
import { makeNativeArena } from "../../../../agent/dataplane/native/arena.ts";
import { chooseCipher } from "../../../../agent/dataplane/native/choose-cipher.ts";
import { openSocket } from "../../../../agent/dataplane/native/devices.ts";
import { Forwarder } from "../../../../agent/dataplane/native/forwarder.ts";
import { Incoming } from "../../../../agent/dataplane/native/incoming.ts";
import { Joiner } from "../../../../agent/dataplane/native/join.ts";
import { layout } from "../../../../agent/dataplane/native/layout.ts";
import { OffloadRegister, parseOffloads } from "../../../../agent/dataplane/native/offloads.ts";
import { Outgoing } from "../../../../agent/dataplane/native/outgoing.ts";
import { Peers } from "../../../../agent/dataplane/native/peers.ts";
import { PrefixTable } from "../../../../agent/dataplane/native/prefix-table.ts";
import { Reports } from "../../../../agent/dataplane/native/reports.ts";
import { SocketAddresses } from "../../../../agent/dataplane/native/socket-address.ts";
import { makeTallies, readTallies } from "../../../../agent/dataplane/native/tallies.ts";
import { TunReader } from "../../../../agent/dataplane/native/tun-reader.ts";
import { bindCalls } from "../../../../agent/system/native-calls.ts";
import { parseNodeId } from "../../../../protocol/brand.ts";
import { sealData } from "../../../../protocol/wireguard/data.ts";
import { tunnelProfile } from "../../../../protocol/wireguard/profile.ts";
import { makePacket } from "./packets.ts";

const nid = parseNodeId("a".repeat(64));
const routes = [{ nid, allowedIps: ["100.64.0.1"] }];
const secret = new Uint8Array(32).fill(7);
const calls = bindCalls();
const arena = makeNativeArena(true);
const offloads = new OffloadRegister(parseOffloads("all")!, () => undefined);
const cipher = chooseCipher(arena, offloads);
const socket = openSocket(calls, arena, offloads, 0);
const addresses = new SocketAddresses(arena, socket.dualStack);
const sender = openSocket(calls, arena, new OffloadRegister(new Set(), () => undefined), 0);

afterAll(() => {
  calls.close(socket.fd);
  calls.close(sender.fd);
  cipher.close();
});

function receiver() {
  const tallies = makeTallies();
  const marks: number[] = [];
  const peers = new Peers(arena, addresses);
  const joiner = new Joiner(arena, { tcp: false, udp: false }, () => {
    const at = arena.words[(layout.writeList + 16) >>> 2]! - (arena.base >>> 0);
    marks.push(ecnOf(arena.bytes, at));
  });
  const table = new PrefixTable(routes);
  const reports = new Reports(addresses, () => undefined);
  const common = { arena, calls, cipher, addresses, reports, tallies, socket: socket.fd };
  const both = { ...common, peers, filter: { current: passAll }, routes: () => table };
  const outgoing = new Outgoing({ ...common, offloads, mtu: 1420, relay: () => undefined });
  const passing = { ...both, outgoing, unsent: () => undefined };
  const forwarder = new Forwarder({ ...passing, reader: new TunReader(passing) });
  const incoming = new Incoming({ ...both, joiner, forwarder, other: () => undefined });
  peers.setRouted(routes);
  peers.install(nid, 7, 77, 1_000, Uint8Array.from([...secret, ...secret]));
  return { tallies, marks, incoming, peers };
}

/** Sends with this traffic class on every datagram of the socket. */
function send(address: string, trafficClass: number, datagrams: readonly Uint8Array[]): void {
  for (const [level, option] of [
    [0, 1],
    [41, 67],
  ] as const) {
    arena.view.setInt32(layout.smallInteger, trafficClass, true);
    expect(calls.setsockopt(sender.fd, level, option, arena.base + layout.smallInteger, 4)).toBe(0);
  }
  expect(addresses.write(layout.name, { kind: "direct", address, port: socket.port })).toBe(true);
  for (const datagram of datagrams) {
    arena.bytes.set(datagram, layout.outgoing);
    const sent = calls.send(
      sender.fd,
      arena.base + layout.outgoing,
      datagram.length,
      0,
      arena.base + layout.name,
      addresses.length,
    );
    expect(sent).toBe(datagram.length);
  }
}

/** Traffic class and length of what waits at the receiving socket, one datagram or joined run each. */
function arrivals(): { readonly trafficClass: number; readonly length: number }[] {
  const found: { trafficClass: number; length: number }[] = [];
  const message = layout.receiveMessages >>> 2;
  for (;;) {
    arena.words[message + 2] = 32;
    arena.words[message + 10] = 64;
    if (calls.recvmmsg(socket.fd, arena.base + layout.receiveMessages, 1, 0, 0) !== 1) return found;
    let trafficClass = -1;
    for (let at = layout.receiveControl; at + 17 <= layout.receiveControl + arena.words[message + 10]!; ) {
      const [level, type] = [arena.words[(at + 8) >>> 2]!, arena.words[(at + 12) >>> 2]!];
      if ((level === 0 && type === 1) || (level === 41 && type === 67)) trafficClass = arena.bytes[at + 16]!;
      at += (arena.words[at >>> 2]! + 7) & ~7;
    }
    found.push({ trafficClass, length: arena.words[message + 14]! });
  }
}

describe.each(["127.0.0.1", "::1"])("to %s", (address) => {
  it("datagrams leave with the mark of what is inside, runs of one mark together, and handshakes as AF41", () => {
    const { tallies, peers } = receiver();
    const out = { arena, calls, cipher, addresses, offloads, tallies, socket: sender.fd, mtu: 1420 };
    const outgoing = new Outgoing({
      ...out,
      reports: new Reports(addresses, () => undefined),
      relay: () => undefined,
    });
    const path = { kind: "direct" as const, address, port: socket.port };
    peers.setPaths(nid, [path]);
    peers.select(nid, 7);
    const packet = makePacket({ family: 4, transport: 17, payload: new Uint8Array(68), source: 1 });
    const seal = (trafficClass: number): void => {
      packet[1] = trafficClass;
      arena.bytes.set(packet, layout.tunPacket);
      expect(outgoing.seal(peers.find(nid)!, layout.tunPacket, packet.length, 0)).toBe(true);
    };
    // The class of service is the inside's own.
    for (const trafficClass of [0xb8, 0xb8, 0xba, 0xba, 0xba, 0xbb, 0x01]) seal(trafficClass);
    outgoing.flush();
    const handshake = new Uint8Array(148);
    handshake[0] = 1;
    expect(addresses.write(layout.name, path)).toBe(true);
    outgoing.datagram(handshake, layout.name);
    const size = 96 + 32;
    const classes = new Map<number, number>();
    for (const { trafficClass, length } of arrivals()) {
      const count = length === 148 ? 1 : length / size;
      classes.set(trafficClass, (classes.get(trafficClass) ?? 0) + count);
    }
    expect([...classes].toSorted(([one], [other]) => one - other)).toEqual([
      [0, 2],
      [1, 1],
      [2, 3],
      [3, 1],
      [0x88, 1],
    ]);
  });
});

describe.each(["127.0.0.1", "::1"])("from %s", (address) => {
  it("a mark of a router is handed on to those who know of it, and drops what others sent", () => {
    const { tallies, marks, incoming } = receiver();
    expect(offloads.isOn("ecn")).toBe(true);
    const packet = makePacket({ family: 4, transport: 17, payload: new Uint8Array(40), source: 1 });
    const unmarked = packet[1]! & 3;
    expect(unmarked).toBe(0);
    let counter = 0;
    const sealed = (ecn: number): Uint8Array => {
      const inner = packet.slice();
      inner[1] = ecn;
      return sealData(tunnelProfile, secret, 7, counter++, inner);
    };
    send(address, 3, [sealed(2), sealed(1), sealed(0), sealed(3)]);
    send(address, 0, [sealed(2), sealed(0)]);
    for (let turn = 0; turn < 12; turn += 1) incoming.receive(0);
    expect(marks).toEqual([3, 3, 3, 2, 0]);
    expect(readTallies(tallies)["inner_congested"]).toBe(1);
  });
});
