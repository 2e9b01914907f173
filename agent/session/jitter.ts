// The random part of a retransmission, so that two sides that started together do not stay together.
import { rekeyJitter } from "./limits.ts";
import type { SessionContext } from "./state.ts";

/** 0 to 334 ms. */
export function jitter({ random }: SessionContext): number {
  const [low = 0, high = 0] = random(2);
  return ((high * 256 + low) * rekeyJitter) / 65536;
}
