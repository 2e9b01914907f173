// One thread of the data plane as the main thread sees it: what is said to it and heard of it, what waits for it, whether it lives.
import type { Worker } from "node:worker_threads";
import type { Native } from "../../system/native.ts";
import { startWorker } from "../start-worker.ts";
import { type FromPlane, type PlaneData, queueLimit, shared, type ToPlane } from "./messages.ts";
import { makeTallies } from "./tallies.ts";

/** EFD_NONBLOCK | EFD_CLOEXEC. */
const eventFlags = 0x800 | 0x80000;
const one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

export interface ThreadEvents {
  readonly onMessage: (message: FromPlane) => void;
  /** It ended, or threw. */
  readonly onEnded: (reason: string) => void;
}

export class PlaneThread {
  readonly tallies = makeTallies();
  /** Fulfilled when it has ended, however. */
  readonly ended: Promise<void>;
  readonly #native: Native;
  readonly #worker: Worker;
  readonly #wake: number;
  readonly #shared = new Int32Array(new SharedArrayBuffer(16));
  #queued: ToPlane[] = [];
  #moved: ArrayBuffer[] = [];
  #gone = false;

  /** @throws Error without an eventfd */
  constructor(native: Native, data: Omit<PlaneData, "wake" | "tallies" | "shared">, events: ThreadEvents) {
    this.#native = native;
    // It is given time to start.
    this.#shared[shared.heartbeat] = 1;
    this.#wake = native.eventfd(0, eventFlags);
    if (this.#wake < 0) throw new Error(`eventfd failed with errno ${native.errno()}`);
    this.#worker = startWorker({ ...data, wake: this.#wake, tallies: this.tallies, shared: this.#shared });
    this.ended = new Promise((resolve) =>
      this.#worker.once("exit", () => {
        // The number may soon be another descriptor's.
        this.#gone = true;
        native.close(this.#wake);
        resolve();
      }),
    );
    this.#worker.on("message", (messages: readonly FromPlane[]) => {
      for (const message of messages) events.onMessage(message);
    });
    this.#worker.on("error", (error) => events.onEnded(String(error)));
    this.#worker.on("exit", () => events.onEnded("the thread ended"));
  }

  /** Keeps a message until `post`. */
  say(message: ToPlane, moved?: Uint8Array<ArrayBuffer>): void {
    this.#queued.push(message);
    if (moved !== undefined) this.#moved.push(moved.buffer);
  }

  /** The same for one that carries a packet. False when the thread does not keep up: it is dropped. */
  saySpare(message: ToPlane, bytes: Uint8Array<ArrayBuffer>): boolean {
    if (Atomics.load(this.#shared, shared.toPlane) >= queueLimit) return false;
    Atomics.add(this.#shared, shared.toPlane, 1);
    this.say(message, bytes);
    return true;
  }

  /** Gives the thread what was said since. */
  post(): void {
    if (this.#queued.length === 0) return;
    const messages = this.#queued;
    const moved = this.#moved;
    this.#queued = [];
    this.#moved = [];
    if (this.#gone) return;
    this.#worker.postMessage(messages, moved);
    Atomics.add(this.#shared, shared.posted, 1);
    this.#native.write(this.#wake, one, 8);
  }

  /** A packet of the thread was taken. */
  took(): void {
    Atomics.sub(this.#shared, shared.toMain, 1);
  }

  /** Whether its loop turned since the last time this was asked. */
  turned(): boolean {
    return Atomics.exchange(this.#shared, shared.heartbeat, 0) > 0;
  }

  terminate(): void {
    void this.#worker.terminate();
  }
}
