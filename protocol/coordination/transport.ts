// The coordinator channel after its handshake: one sealed frame per WebSocket message, counters implied by order.
import { aeadOpen, aeadSeal, tagLength, wipe } from "../noise/primitives.ts";

/** The largest frame: one Noise message (Noise rev. 34 §3). */
export const frameLimit = 65_535;
/** The largest plaintext of a frame. */
export const plaintextLimit = frameLimit - tagLength;
/** Frames per key and direction; a channel is renewed long before (protocol.md §6: 12 h at most). */
const counterLimit = Number.MAX_SAFE_INTEGER;

const none = new Uint8Array(0);

export interface ChannelKeys {
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
  /** Hash of the handshake's transcript: unique to this channel. */
  readonly hash: Uint8Array;
}

/** Both directions of a channel. Not reusable: a frame that fails to open ends it. */
export class ChannelTransport {
  /** What a signature over "this very channel" covers: the handshake hash, 32 bytes. */
  readonly channelBinding: Uint8Array;
  readonly #send: Uint8Array;
  readonly #receive: Uint8Array;
  #sent: number;
  #received: number;
  #broken = false;

  /** @param start counters to begin at; above 0 only where a test needs the end of the range */
  constructor(
    keys: ChannelKeys,
    start: { readonly sent: number; readonly received: number } = { sent: 0, received: 0 },
  ) {
    this.channelBinding = keys.hash;
    this.#send = keys.send;
    this.#receive = keys.receive;
    this.#sent = start.sent;
    this.#received = start.received;
  }

  /** True once a frame did not open or `close` was called: close the WebSocket. */
  get broken(): boolean {
    return this.#broken;
  }

  /**
   * The frame for `plaintext`, to be sent in the order of the calls. Undefined when the channel is broken or its
   * counter is used up: open a new one.
   * @throws RangeError for a plaintext above 65 519 bytes
   */
  seal(plaintext: Uint8Array): Uint8Array | undefined {
    if (plaintext.length > plaintextLimit) throw new RangeError(`a frame carries at most ${plaintextLimit} bytes`);
    if (this.#broken || this.#sent >= counterLimit) return undefined;
    const frame = aeadSeal(this.#send, this.#sent, plaintext, none);
    this.#sent += 1;
    return frame;
  }

  /** The plaintext of the next frame; undefined breaks the channel for good, since order and counter are lost. */
  open(frame: Uint8Array): Uint8Array | undefined {
    if (this.#broken) return undefined;
    const fits = frame.length >= tagLength && frame.length <= frameLimit && this.#received < counterLimit;
    const plaintext = fits ? aeadOpen(this.#receive, this.#received, frame, none) : undefined;
    if (plaintext === undefined) this.#broken = true;
    else this.#received += 1;
    return plaintext;
  }

  /** Forgets the keys. */
  close(): void {
    this.#broken = true;
    wipe(this.#send);
    wipe(this.#receive);
  }
}
