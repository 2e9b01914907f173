// Packets from the interface: the native data plane refuses, with the same counter, what the portable one's reading and routes refuse.
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { passAll } from "../../../../agent/dataplane/filter.ts";
import { readInner } from "../../../../agent/dataplane/inner.ts";
import { makeNativeArena } from "../../../../agent/dataplane/native/arena.ts";
import { chooseCipher } from "../../../../agent/dataplane/native/choose-cipher.ts";
import { openSocket } from "../../../../agent/dataplane/native/devices.ts";
import { layout } from "../../../../agent/dataplane/native/layout.ts";
import { OffloadRegister, parseOffloads } from "../../../../agent/dataplane/native/offloads.ts";
import { Outgoing } from "../../../../agent/dataplane/native/outgoing.ts";
import { Peers } from "../../../../agent/dataplane/native/peers.ts";
import { PrefixTable } from "../../../../agent/dataplane/native/prefix-table.ts";
import { Reports } from "../../../../agent/dataplane/native/reports.ts";
import { SocketAddresses } from "../../../../agent/dataplane/native/socket-address.ts";
import { makeTallies, readTallies } from "../../../../agent/dataplane/native/tallies.ts";
import { TunReader } from "../../../../agent/dataplane/native/tun-reader.ts";
import { RoutingTable } from "../../../../agent/dataplane/routing.ts";
import { bindCalls } from "../../../../agent/system/native-calls.ts";
import { parseNodeId } from "../../../../protocol/brand.ts";
import { makePacket } from "./packets.ts";

const nid = parseNodeId("a".repeat(64));
const routes = [{ nid, allowedIps: ["100.64.0.2", "fd12:3456:789a::2", "10.0.0.0/8"] }];
const calls = bindCalls();
const arena = makeNativeArena(true);
const offloads = new OffloadRegister(parseOffloads("all")!, () => undefined);
const cipher = chooseCipher(arena, offloads);
// A socket gives one packet per read, as the device does, and an empty one for an empty read.
const device = openSocket(calls, arena, new OffloadRegister(new Set(), () => undefined), 0);
const kernel = openSocket(calls, arena, new OffloadRegister(new Set(), () => undefined), 0);
const addresses = new SocketAddresses(arena, device.dualStack);

afterAll(() => {
  calls.close(device.fd);
  calls.close(kernel.fd);
  cipher.close();
});

const packet = fc.oneof(
  fc.uint8Array({ maxLength: 90 }),
  fc
    .record({
      family: fc.constantFrom<4 | 6>(4, 6),
      size: fc.nat(1300),
      harm: fc.constantFrom("none", "none", "total", "cut", "grow", "fragment", "chain", "jumbo", "stranger"),
      value: fc.nat(255),
    })
    .map(({ family, size, harm, value }) => {
      const made = makePacket({ family, transport: 17, payload: new Uint8Array(size).fill(9), source: 1 });
      if (harm === "total") made[family === 4 ? 3 : 5] = value;
      if (harm === "fragment") made[6] = value;
      if (harm === "chain" && family === 6) made[6] = value;
      if (harm === "jumbo" && family === 6) made.set([0, 0, 0], 4);
      if (harm === "stranger") made[family === 4 ? 16 : 24] = value;
      if (harm === "cut") return made.slice(0, value);
      return harm === "grow" ? Uint8Array.from([...made, ...new Uint8Array(1 + value)]) : made;
    }),
);

it("takes what the portable one takes, and names the same reason for the rest", () => {
  const table = new PrefixTable(routes);
  const portable = new RoutingTable(routes);
  fc.assert(
    fc.property(packet, (bytes) => {
      const tallies = makeTallies();
      const peers = new Peers(arena, addresses);
      peers.setRouted(routes);
      const common = { arena, calls, cipher, addresses, tallies, socket: -1 };
      const reports = new Reports(addresses, () => undefined);
      const outgoing = new Outgoing({ ...common, reports, offloads, mtu: 1420, relay: () => undefined });
      const unsent: string[] = [];
      const parts = { arena, calls, outgoing, peers, tallies, filter: { current: passAll }, routes: () => table };
      const reader = new TunReader({
        ...parts,
        unsent: (_peer, copy) => unsent.push(Buffer.from(copy).toString("hex")),
      });
      // The virtio header of a packet that is whole.
      arena.bytes.fill(0, layout.outgoing, layout.outgoing + 10);
      arena.bytes.set(bytes, layout.outgoing + 10);
      addresses.write(layout.name, { kind: "direct", address: "127.0.0.1", port: device.port });
      const length = bytes.length + (bytes.length === 0 ? 0 : 10);
      calls.send(kernel.fd, arena.base + layout.outgoing, length, 0, arena.base + layout.name, addresses.length);
      expect(reader.read(device.fd, 0)).toBe(true);

      const inner = readInner(bytes);
      const whole = inner !== undefined && inner.length === bytes.length;
      const to = whole ? portable.find(inner.family, bytes, inner.destinationOffset) : undefined;
      const reasons = ["tun_malformed", "tun_no_peer", "tun_vnet", "tun_too_long", "tun_filtered"];
      const counted = Object.keys(readTallies(tallies)).filter((name) => reasons.includes(name));
      expect(counted).toEqual(whole ? (to === undefined ? ["tun_no_peer"] : []) : ["tun_malformed"]);
      // There is no key yet: what was taken comes back as it was.
      expect(unsent).toEqual(to === undefined ? [] : [Buffer.from(bytes).toString("hex")]);
    }),
    { numRuns: 400 },
  );
});
