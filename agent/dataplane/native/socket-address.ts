// Socket addresses in the arena, as the kernel wants them: sockaddr_in6, or sockaddr_in where the host has no IPv6 (ip(7), ipv6(7)).
import { networkInterfaces } from "node:os";
import { addressBytes, addressText } from "../../../protocol/ctl/format.ts";
import type { DirectPath } from "../../transport/path.ts";
import type { Arena } from "./arena.ts";

const inet = 2;
const inet6 = 10;

export class SocketAddresses {
  readonly #arena: Arena;
  readonly dualStack: boolean;
  /** Bytes of one. */
  readonly length: number;

  constructor(arena: Arena, dualStack: boolean) {
    this.#arena = arena;
    this.dualStack = dualStack;
    this.length = dualStack ? 28 : 16;
  }

  /** False when the socket cannot send there: wrong family, unknown zone, or port 0, which a datagram may claim to come from. */
  write(place: number, { address, port }: DirectPath): boolean {
    const [text = "", zone] = address.split("%");
    const scope = zone === undefined ? 0 : scopeOf(zone);
    if (scope === undefined || port === 0 || (!this.dualStack && text.includes(":"))) return false;
    let bytes: Uint8Array;
    try {
      bytes = addressBytes(text);
    } catch {
      return false;
    }
    const { view, bytes: arena } = this.#arena;
    arena.fill(0, place, place + this.length);
    view.setUint16(place, this.dualStack ? inet6 : inet, true);
    view.setUint16(place + 2, port);
    if (this.dualStack) {
      arena.set(bytes, place + 8);
      view.setUint32(place + 24, scope, true);
    } else {
      arena.set(bytes.subarray(12), place + 4);
    }
    return true;
  }

  read(place: number): DirectPath {
    const { view, bytes } = this.#arena;
    const port = view.getUint16(place + 2);
    // The way of a flood from IPv4: no more work than it takes.
    const mapped = this.dualStack && this.#isMapped(place);
    if (!this.dualStack || mapped) {
      const at = place + (mapped ? 20 : 4);
      return { kind: "direct", address: `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`, port };
    }
    const text = addressText(bytes.subarray(place + 8, place + 24));
    const scope = view.getUint32(place + 24, true);
    return { kind: "direct", address: scope === 0 ? text : `${text}%${zoneOf(scope)}`, port };
  }

  /** Whether datagrams to the address at `place` are IPv4. */
  isIpv4(place: number): boolean {
    return !this.dualStack || this.#isMapped(place);
  }

  /** ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
  #isMapped(place: number): boolean {
    const { view } = this.#arena;
    return view.getUint32(place + 8) === 0 && view.getUint32(place + 12) === 0 && view.getUint32(place + 16) === 0xffff;
  }

  /** Whether both places hold the same address and port; the flow label of IPv6 does not count. */
  equal(one: number, other: number): boolean {
    const { words } = this.#arena;
    const a = one >>> 2;
    const b = other >>> 2;
    if (words[a] !== words[b]) return false;
    if (!this.dualStack) return words[a + 1] === words[b + 1];
    return (
      words[a + 2] === words[b + 2] &&
      words[a + 3] === words[b + 3] &&
      words[a + 4] === words[b + 4] &&
      words[a + 5] === words[b + 5] &&
      words[a + 6] === words[b + 6]
    );
  }

  copy(to: number, from: number): void {
    const { words } = this.#arena;
    for (let word = 0; word < 7; word += 1) words[(to >>> 2) + word] = words[(from >>> 2) + word]!;
  }
}

/** The number of a zone, given as such or as an interface's name (RFC 4007 §11). */
function scopeOf(zone: string): number | undefined {
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  return networkInterfaces()[zone]?.find(({ family }) => family === "IPv6")?.scopeid;
}

function zoneOf(scope: number): string {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some((address) => address.family === "IPv6" && address.scopeid === scope),
  );
  return found?.[0] ?? String(scope);
}
