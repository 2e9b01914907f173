// All threads of the data plane: started one after the other with what the first opened, spoken to, watched, ended together.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Native } from "../../system/native.ts";
import type { FromPlane, PlaneData, ThreadEnds, ToPlane } from "./messages.ts";
import type { Offload, OffloadStates } from "./offloads.ts";
import { PlaneThread } from "./plane-thread.ts";

/** A thread's loop turns at least once a second; this long without, it hangs. */
const heartbeatInterval = 10_000;
/** A thread that does not end by itself is ended. */
const closeTimeout = 3_000;

type Ready = Extract<FromPlane, { readonly kind: "ready" }>;
/** What is left for others to hear. */
export type Heard = Exclude<FromPlane, { readonly kind: "ready" | "failed" | "closed" }>;

export interface ThreadsOptions {
  readonly native: Native;
  readonly plane: Pick<PlaneData, "threads" | "interface" | "mtu" | "udpPort" | "library">;
  readonly offloads: ReadonlySet<Offload>;
  readonly onMessage: (thread: number, message: Heard) => void;
  /** One died or hangs, after all were ready. */
  readonly onFailed: (reason: string) => void;
}

export interface Opened {
  readonly port: number;
  readonly dualStack: boolean;
  readonly offloads: OffloadStates;
}

export class PlaneThreads {
  /**
   * Fulfilled when all run.
   * @throws TunnelMeshError TM_AGENT_PORT_IN_USE, TM_AGENT_NO_TUN @throws Error for anything else that one of them lacks
   */
  readonly ready: Promise<Opened>;
  readonly #options: ThreadsOptions;
  readonly #threads: PlaneThread[] = [];
  /** Opened for threads that are not ready yet. */
  readonly #ends = new Map<number, ThreadEnds>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #started = Promise.withResolvers<Opened>();
  #opened: Opened | undefined;
  #posting = false;
  #up = false;
  #closing = false;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.ready = this.#started.promise;
    this.#start(0, options.offloads, undefined);
    this.#heartbeat = setInterval(() => this.#watch(), heartbeatInterval);
    this.#heartbeat.unref();
  }

  /** Counters of each. */
  tallies(): readonly Float64Array[] {
    return this.#threads.map(({ tallies }) => tallies);
  }

  say(thread: number, message: ToPlane, moved?: Uint8Array<ArrayBuffer>): void {
    this.#threads[thread]?.say(message, moved);
    this.#postSoon();
  }

  /** Tells all but `except`. */
  sayAll(message: ToPlane, except = -1): void {
    for (const thread of this.#threads.keys()) if (thread !== except) this.say(thread, message);
  }

  /** False when the thread does not keep up and the packet is dropped. */
  saySpare(thread: number, message: ToPlane, bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#closing || this.#threads[thread]?.saySpare(message, bytes) !== true) return false;
    this.#postSoon();
    return true;
  }

  /** A packet of the thread was taken. */
  took(thread: number): void {
    this.#threads[thread]?.took();
  }

  async close(): Promise<void> {
    this.#stopWatching();
    this.sayAll({ kind: "close" });
    const timer = setTimeout(() => {
      for (const thread of this.#threads) thread.terminate();
    }, closeTimeout);
    await Promise.all(this.#threads.map(({ ended }) => ended));
    clearTimeout(timer);
    for (const { socket, queue } of this.#ends.values()) {
      this.#options.native.close(socket);
      this.#options.native.close(queue);
    }
    this.#ends.clear();
  }

  #start(thread: number, offloads: ReadonlySet<Offload>, given: PlaneData["given"]): void {
    const { native, plane } = this.#options;
    this.#threads[thread] = new PlaneThread(
      native,
      { ...plane, thread, given, offloads: [...offloads] },
      { onMessage: (message) => this.#hear(thread, message), onEnded: (reason) => this.#fail(thread, reason) },
    );
  }

  #hear(thread: number, message: FromPlane): void {
    switch (message.kind) {
      case "ready":
        this.#isReady(thread, message);
        return;
      case "failed":
        this.#stopWatching();
        this.#started.reject(failure(message.code, message.detail));
        return;
      case "closed":
        return;
      default:
        this.#options.onMessage(thread, message);
    }
  }

  #isReady(thread: number, { port, dualStack, offloads, ends }: Ready): void {
    // What it was given is its own from now on.
    this.#ends.delete(thread);
    if (thread === 0) {
      this.#opened = { port, dualStack, offloads };
      for (const [index, one] of ends.entries()) this.#ends.set(index + 1, one);
      if (this.#closing) return;
      // What the kernel refused once is not tried again.
      const on = new Set([...this.#options.offloads].filter((name) => offloads[name] === "on"));
      try {
        for (const [other, one] of this.#ends) this.#start(other, on, { ...one, port, dualStack });
      } catch (error) {
        this.#fail(thread, String(error));
      }
    }
    if (this.#ends.size > 0 || this.#opened === undefined) return;
    this.#up = true;
    this.#started.resolve(this.#opened);
  }

  /** What is said in one go is posted together; to thread 0 last: what it sends may be answered to another one. */
  #postSoon(): void {
    if (this.#posting) return;
    this.#posting = true;
    queueMicrotask(() => {
      this.#posting = false;
      for (let thread = this.#threads.length - 1; thread >= 0; thread -= 1) this.#threads[thread]?.post();
    });
  }

  #watch(): void {
    for (const [thread, one] of this.#threads.entries()) if (!one.turned()) this.#fail(thread, "the thread hangs");
  }

  #fail(thread: number, reason: string): void {
    if (this.#closing) return;
    this.#stopWatching();
    const which = this.#options.plane.threads === 1 ? reason : `${reason} (number ${thread})`;
    this.#started.reject(new Error(which));
    if (this.#up) this.#options.onFailed(which);
  }

  #stopWatching(): void {
    this.#closing = true;
    clearInterval(this.#heartbeat);
  }
}

function failure(code: string, detail: string): Error {
  return code === "TM_AGENT_PORT_IN_USE" || code === "TM_AGENT_NO_TUN"
    ? new TunnelMeshError(code, { detail })
    : new Error(detail);
}
