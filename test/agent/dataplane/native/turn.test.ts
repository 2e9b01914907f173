// When the receiving program gets its turn after writes to the TUN device.
import { expect, it } from "vitest";
import { tcp, udp } from "../../../../agent/dataplane/native/packet.ts";
import { Turn } from "../../../../agent/dataplane/native/turn.ts";

const icmp = 1;

it.each([
  ["one run of many UDP packets", udp, [128], 1],
  ["a few UDP packets", udp, [64, 63], 0],
  ["UDP packets of several writes", udp, [64, 63, 1, 127, 1, 100], 2],
  ["single UDP packets", udp, Array.from({ length: 300 }, () => 1), 2],
  ["TCP", tcp, [45, 45, 45, 45, 45], 0],
  ["another protocol", icmp, Array.from({ length: 300 }, () => 1), 0],
] as const)("%s", (_what, protocol, writes, expected) => {
  let slept = 0;
  const turn = new Turn({ usleep: () => (slept += 1) });
  for (const joined of writes) turn.give(protocol, joined);
  expect(slept).toBe(expected);
});
