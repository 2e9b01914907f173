// What the kernel and OpenSSL can take off the packet path: each by name, wished or not, in use or not, and why not.

/** Kept in this order wherever they are shown. */
export const offloadNames = [
  "tso",
  "uso",
  "join-tcp",
  "join-udp",
  "udp-segment",
  "udp-gro",
  "ecn",
  "low-memory",
  "direct-cipher",
] as const;

export type Offload = (typeof offloadNames)[number];

/** "on", or "off: REASON". */
export type OffloadStates = Readonly<Record<Offload, string>>;

/**
 * Reads a wish: "all", "none", names with commas between them (these alone), or names with "-" before them (all but these).
 * Undefined for anything else.
 */
export function parseOffloads(text: string): ReadonlySet<Offload> | undefined {
  if (text === "all") return new Set(offloadNames);
  if (text === "none") return new Set();
  const words = text.split(",");
  const without = words.filter((word) => word.startsWith("-"));
  const names = words.map((word) => word.replace(/^-/, ""));
  if (!names.every(isOffload) || (without.length > 0 && without.length < words.length)) return undefined;
  return without.length > 0 ? new Set(offloadNames.filter((name) => !names.includes(name))) : new Set(names);
}

function isOffload(name: string): name is Offload {
  return (offloadNames as readonly string[]).includes(name);
}

/** Starts with what is wished; each that is refused goes off once and stays off. */
export class OffloadRegister {
  readonly #states: Record<Offload, string>;
  readonly #onOff: (name: Offload, reason: string) => void;

  constructor(wished: ReadonlySet<Offload>, onOff: (name: Offload, reason: string) => void) {
    const states = offloadNames.map((name) => [name, wished.has(name) ? "on" : "off: switched off"]);
    this.#states = Object.fromEntries(states) as Record<Offload, string>;
    this.#onOff = onOff;
  }

  isOn(name: Offload): boolean {
    return this.#states[name] === "on";
  }

  turnOff(name: Offload, reason: string): void {
    if (!this.isOn(name)) return;
    this.#states[name] = `off: ${reason}`;
    this.#onOff(name, reason);
  }

  read(): OffloadStates {
    return { ...this.#states };
  }
}
