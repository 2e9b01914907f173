// The program that steers datagrams: byte by byte, read by an interpreter of its own, and run by the kernel.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { makeNativeArena } from "../../../../agent/dataplane/native/arena.ts";
import { openSocket, openSockets } from "../../../../agent/dataplane/native/devices.ts";
import { layout } from "../../../../agent/dataplane/native/layout.ts";
import { OffloadRegister } from "../../../../agent/dataplane/native/offloads.ts";
import { SocketAddresses } from "../../../../agent/dataplane/native/socket-address.ts";
import { steeringProgram } from "../../../../agent/dataplane/native/steering.ts";
import { threadOf } from "../../../../agent/dataplane/native/threads.ts";
import { bindCalls } from "../../../../agent/system/native-calls.ts";

/** What the program gives for a payload, by the rules of linux/filter.h. */
function interpret(program: Uint8Array, payload: Uint8Array): number {
  const view = new DataView(program.buffer);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const constant = view.getUint32(at + 4, true);
    switch (view.getUint16(at, true)) {
      case 0x30:
        if (constant >= payload.length) return 0;
        accumulator = payload[constant]!;
        break;
      case 0x15:
        at += 8 * program[accumulator === constant ? at + 2 : at + 3]!;
        break;
      case 0x94:
        accumulator %= constant;
        break;
      case 0x16:
        return accumulator;
      case 0x06:
        return constant;
      default:
        throw new Error("not an instruction of this program");
    }
  }
  throw new Error("the program does not end");
}

function wanted(payload: Uint8Array, threads: number): number {
  if (payload[0] !== 4 || payload.length < 5) return 0;
  return threadOf(payload[4]!, threads);
}

describe("the program", () => {
  it("is these bytes", () => {
    expect(Buffer.from(steeringProgram(3)).toString("hex").match(/.{16}/g)).toEqual([
      "3000000000000000",
      "1500000304000000",
      "3000000004000000",
      "9400000003000000",
      "1600000000000000",
      "0600000000000000",
    ]);
  });

  it("sends data by its index and all else to socket 0", () => {
    const payload = fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 4, 4, 0xe4), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(payload, fc.integer({ min: 2, max: 16 }), ([type, rest], threads) => {
        const bytes = Uint8Array.of(type, ...rest);
        expect(interpret(steeringProgram(threads), bytes)).toBe(wanted(bytes, threads));
      }),
    );
    expect(interpret(steeringProgram(2), new Uint8Array(0))).toBe(0);
  });
});

describe("the kernel", () => {
  const calls = bindCalls();
  const arena = makeNativeArena(true);
  const nothing = new OffloadRegister(new Set(), () => undefined);
  const threads = 3;
  const group = openSockets(calls, arena, nothing, 0, threads);
  const sender = openSocket(calls, arena, nothing, 0);
  const addresses = new SocketAddresses(arena, group.dualStack);

  afterAll(() => {
    for (const fd of [...group.fds, sender.fd]) calls.close(fd);
  });

  function send(payload: Uint8Array, address: string): void {
    arena.bytes.set(payload, layout.outgoing);
    expect(addresses.write(layout.name, { kind: "direct", address, port: group.port })).toBe(true);
    const from = arena.base + layout.outgoing;
    const sent = calls.send(sender.fd, from, payload.length, 0, arena.base + layout.name, addresses.length);
    expect(sent).toBe(payload.length);
  }

  it.each(["127.0.0.1", "::1"])("gives each datagram to the socket that the program names (%s)", (address) => {
    const payloads = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(4, 0, 0, 0, byte, 1, 2, 3, 9));
    payloads.push(
      Uint8Array.of(1, 0, 0, 0, 1),
      Uint8Array.of(4),
      Uint8Array.of(4, 0, 0, 0),
      new Uint8Array(148).fill(2),
    );
    for (const payload of payloads) send(payload, address);
    const got = group.fds.map((fd) => {
      const here: string[] = [];
      for (let length = 0; length >= 0; ) {
        length = calls.read(fd, arena.base + layout.plaintext, 2048);
        if (length >= 0)
          here.push(Buffer.from(arena.bytes.slice(layout.plaintext, layout.plaintext + length)).toString("hex"));
      }
      return here;
    });
    const hex = (thread: number): string[] =>
      payloads.filter((one) => wanted(one, threads) === thread).map((one) => Buffer.from(one).toString("hex"));
    expect(got).toEqual([hex(0), hex(1), hex(2)]);
  });

  it("lets nobody else have the port, shared or not", () => {
    for (const count of [1, 2]) {
      const open = () => openSockets(calls, arena, nothing, group.port, count);
      expect(open).toThrow(expect.objectContaining({ code: "TM_AGENT_PORT_IN_USE" }));
    }
  });
});
