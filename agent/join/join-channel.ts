// A channel to the coordinator that a token names, for a host that is no member: one question, one answer, each with a deadline.
import { randomBytes } from "node:crypto";
import type { NodeId } from "../../protocol/brand.ts";
import type { CoordinationBodies, CoordinationKind, CoordinationMessage } from "../../protocol/coordination/frame.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { keyPairOf } from "../../protocol/noise/primitives.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { JoinToken } from "../../protocol/trust/join-token.ts";
import { Channel } from "../control/channel.ts";
import { refusedBy } from "./join-error.ts";

/** How long one answer may take, in milliseconds. */
const answerTimeout = 15_000;
/** Messages that wait to be read, and items of one answer: a coordinator may not fill the memory. */
const messageLimit = 4096;
const itemLimit = 100_000;

type Of<K extends CoordinationKind> = CoordinationBodies[K];

/** One open channel. Its key is random: a join is nobody's membership, and the agent's own channel stays free. */
export class JoinChannel {
  readonly #messages: CoordinationMessage[] = [];
  #closed: string | undefined;
  #wake: () => void = () => undefined;
  #channel: Channel | undefined;
  #nextId = 1;

  /** Tries the token's URLs one after the other. @throws TunnelMeshError TM_JOIN_UNREACHABLE, TM_JOIN_COORDINATOR_KEY */
  static async open(token: JoinToken, nid: NodeId, release: string): Promise<JoinChannel> {
    const failures: { readonly url: string; readonly reason: string; readonly answered: boolean }[] = [];
    for (const url of token.urls) {
      const channel = new JoinChannel();
      const failure = await channel.#connect(url, token);
      if (failure === undefined) {
        channel.#hello(nid, release);
        await channel.#next("welcome");
        return channel;
      }
      failures.push({ url, ...failure });
    }
    const detail = failures.map(({ url, reason }) => `${url}: ${reason}`).join("; ");
    const answered = failures.some((failure) => failure.answered);
    throw new TunnelMeshError(answered ? "TM_JOIN_COORDINATOR_KEY" : "TM_JOIN_UNREACHABLE", { detail });
  }

  /** The handshake hash. */
  get binding(): Uint8Array {
    const binding = this.#channel?.binding;
    if (binding === undefined) throw this.#lost();
    return binding;
  }

  async ask<K extends "prove" | "propose" | "submit", A extends "proven" | "proposed" | "submitted">(
    kind: K,
    body: Omit<Of<K>, "id">,
    answer: A,
  ): Promise<Of<A>> {
    // `id` completes the body that the caller gave without it.
    this.#channel?.send(kind, { ...body, id: this.#nextId++ } as Of<K>);
    return await this.#next(answer);
  }

  /** The items that follow `proven`: genesis and log. */
  async items(): Promise<SignedItem[]> {
    const items: SignedItem[] = [];
    for (;;) {
      const chunk = await this.#next("items");
      items.push(...chunk.items);
      if (chunk.last) return items;
      if (items.length > itemLimit) throw new TunnelMeshError("TM_JOIN_REFUSED", { detail: "the log does not end" });
    }
  }

  close(): void {
    this.#channel?.close("the join is done");
  }

  async #connect(
    url: string,
    token: JoinToken,
  ): Promise<{ readonly reason: string; readonly answered: boolean } | undefined> {
    return await new Promise((resolve) => {
      const failed = (reason: string, phase: string): void => {
        this.#closed = reason;
        this.#wake();
        resolve({ reason, answered: phase === "handshaking" });
      };
      try {
        this.#channel = new Channel({
          url,
          local: keyPairOf(new Uint8Array(randomBytes(32))),
          coordinatorKey: token.coordinatorKey,
          meshId: token.meshId,
          onOpen: () => resolve(undefined),
          onMessage: (message) => this.#take(message),
          onClose: failed,
        });
      } catch (error) {
        // The library throws on an address that does not parse.
        failed(error instanceof Error ? error.message : String(error), "connecting");
      }
    });
  }

  #hello(nid: NodeId, release: string): void {
    const head = { seq: 0, hash: "00".repeat(32) };
    const instance = randomBytes(16).toString("hex");
    this.#channel?.send("hello", {
      v: 1,
      nid,
      instance,
      release: release.slice(0, 64),
      head,
      mapVersion: 0,
      store: "",
    });
  }

  #take(message: CoordinationMessage): void {
    if (this.#messages.length >= messageLimit) this.#channel?.close("the coordinator sends without being asked");
    else this.#messages.push(message);
    this.#wake();
  }

  /** The next message of this kind; others before it are dropped, and a notice ends the join. */
  async #next<K extends CoordinationKind>(kind: K): Promise<Of<K>> {
    const deadline = performance.now() + answerTimeout;
    for (;;) {
      const message = this.#messages.shift();
      if (message?.kind === "notice") throw refusedBy(message.body);
      // The kinds were compared; the compiler does not follow the pair.
      if (message?.kind === kind) return message.body as Of<K>;
      if (message !== undefined) continue;
      if (this.#closed !== undefined || performance.now() >= deadline) throw this.#lost();
      await this.#wait(deadline - performance.now());
    }
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, milliseconds));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #lost(): TunnelMeshError {
    return new TunnelMeshError("TM_JOIN_UNREACHABLE", {
      detail: this.#closed ?? "the coordinator did not answer in time",
    });
  }
}
