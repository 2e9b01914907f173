// The keys in use, by index, with what lives beside the packets: send counters and replay windows.
import type { NodeId } from "../../protocol/brand.ts";
import { wipe } from "../../protocol/noise/primitives.ts";
import { openData, sealData } from "../../protocol/wireguard/data.ts";
import type { SessionKeys } from "../../protocol/wireguard/handshake.ts";
import type { HandshakeProfile } from "../../protocol/wireguard/profile.ts";
import { counterLimit, ReplayWindow } from "../../protocol/wireguard/replay.ts";

export interface InstalledKeys {
  readonly peer: NodeId;
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly keys: SessionKeys;
  /** Monotonic milliseconds; neither sends nor accepts from then on. */
  readonly expiresAt: number;
}

interface Entry extends InstalledKeys {
  counter: number;
  readonly window: ReplayWindow;
}

export type Opened =
  | { readonly ok: true; readonly peer: NodeId; readonly localIndex: number; readonly plaintext: Uint8Array }
  | { readonly ok: false; readonly reason: "unknownIndex" | "expiredKey" | "replay" | "authentication" };

export interface Sealed {
  readonly message: Uint8Array;
  readonly counter: number;
}

/** Keys of one profile. */
export class KeyTable {
  readonly #profile: HandshakeProfile;
  readonly #entries = new Map<number, Entry>();
  readonly #selected = new Map<NodeId, Entry>();

  constructor(profile: HandshakeProfile) {
    this.#profile = profile;
  }

  install(installed: InstalledKeys): void {
    this.#entries.set(installed.localIndex, { ...installed, counter: 0, window: new ReplayWindow() });
  }

  /** Which key of a peer seals; undefined: none. */
  select(peer: NodeId, localIndex: number | undefined): void {
    const entry = localIndex === undefined ? undefined : this.#entries.get(localIndex);
    if (entry === undefined) this.#selected.delete(peer);
    else this.#selected.set(peer, entry);
  }

  /** Forgets a key and wipes it. */
  remove(localIndex: number): void {
    const entry = this.#entries.get(localIndex);
    if (entry === undefined) return;
    this.#entries.delete(localIndex);
    if (this.#selected.get(entry.peer) === entry) this.#selected.delete(entry.peer);
    wipe(entry.keys.send);
    wipe(entry.keys.receive);
  }

  clear(): void {
    for (const localIndex of [...this.#entries.keys()]) this.remove(localIndex);
  }

  has(localIndex: number): boolean {
    return this.#entries.has(localIndex);
  }

  /** Seals under the peer's selected key; undefined when there is none that may be used now. */
  seal(peer: NodeId, plaintext: Uint8Array, now: number): Sealed | undefined {
    const entry = this.#selected.get(peer);
    if (entry === undefined || now >= entry.expiresAt || entry.counter >= counterLimit) return undefined;
    const counter = entry.counter;
    entry.counter += 1;
    return { message: sealData(this.#profile, entry.keys.send, entry.remoteIndex, counter, plaintext), counter };
  }

  /** Opens a data message; the window moves only once the tag is right. */
  open(message: Uint8Array, receiverIndex: number, counter: number, now: number): Opened {
    const entry = this.#entries.get(receiverIndex);
    if (entry === undefined) return { ok: false, reason: "unknownIndex" };
    if (now >= entry.expiresAt) return { ok: false, reason: "expiredKey" };
    if (!entry.window.accepts(counter)) return { ok: false, reason: "replay" };
    const plaintext = openData(this.#profile, entry.keys.receive, message);
    if (plaintext === undefined) return { ok: false, reason: "authentication" };
    entry.window.mark(counter);
    return { ok: true, peer: entry.peer, localIndex: receiverIndex, plaintext };
  }
}
