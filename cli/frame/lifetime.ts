// Lengths of time as people write them on a command line: 30m, 24h, 30d.
import { TunnelMeshError } from "../../protocol/errors/error.ts";

const seconds = { m: 60, h: 3600, d: 86_400 } as const;
/** The longest that anything of ours may live: a year is as good as for ever, and nobody remembers why. */
const limit = 366 * 86_400;

/** Seconds. @throws TunnelMeshError TM_USAGE */
export function parseLifetime(text: string): number {
  const match = /^([1-9]\d{0,6})([mhd])$/.exec(text.trim());
  const length = match === null ? 0 : Number(match[1]) * seconds[match[2] as keyof typeof seconds];
  if (length > 0 && length <= limit) return length;
  throw new TunnelMeshError("TM_USAGE", {
    detail: `"${text}" is no length of time up to a year`,
    advice: ["Write a number with m, h or d behind it: 30m, 24h, 30d"],
  });
}
