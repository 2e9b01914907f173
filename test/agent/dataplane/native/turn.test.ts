// Who gets a pause after a write to the TUN device, and who a mere yield.
import { expect, it } from "vitest";
import { makeArena } from "../../../../agent/dataplane/native/arena.ts";
import { layout } from "../../../../agent/dataplane/native/layout.ts";
import { giveTurn } from "../../../../agent/dataplane/native/turn.ts";
import { gsoType } from "../../../../agent/dataplane/native/virtio.ts";
import type { NativeCalls } from "../../../../agent/system/native-calls.ts";

it.each([
  ["many UDP packets", gsoType.udp, 128, ["usleep"]],
  ["a few UDP packets", gsoType.udp, 4, ["schedYield"]],
  ["TCP", gsoType.tcp4, 45, ["schedYield"]],
  ["one packet", gsoType.none, 1, ["schedYield"]],
] as const)("after %s", (_what, type, joined, expected) => {
  const arena = makeArena();
  arena.bytes[layout.writeHeader + 1] = type;
  const made: string[] = [];
  const count = (name: string) => () => made.push(name);
  giveTurn(
    { schedYield: count("schedYield"), usleep: count("usleep") } as Partial<NativeCalls> as NativeCalls,
    arena,
    joined,
  );
  expect(made).toEqual(expected);
});
