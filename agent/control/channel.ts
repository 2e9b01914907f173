// One connection to a coordinator: WebSocket, Noise handshake, then sealed messages both ways (protocol.md §6).
import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import type { MeshId, NodeId } from "../../protocol/brand.ts";
import {
  abandonChannel,
  finishChannel,
  type PendingChannel,
  startChannel,
} from "../../protocol/coordination/channel.ts";
import {
  type CoordinationBodies,
  type CoordinationKind,
  type CoordinationMessage,
  decodeCoordination,
  encodeCoordination,
  relayDatagramLimit,
} from "../../protocol/coordination/frame.ts";
import { type ChannelTransport, frameLimit } from "../../protocol/coordination/transport.ts";
import type { KeyPair } from "../../protocol/noise/primitives.ts";
import { SendQueue } from "./send-queue.ts";

/** From the first byte to an open channel. */
const openTimeout = 10_000;
/** Bytes handed to the socket and not sent yet, above which frames wait in our own queue. */
const socketBufferLimit = 256 * 1024;

export interface ChannelOptions {
  readonly url: string;
  readonly local: KeyPair;
  readonly coordinatorKey: Uint8Array;
  readonly meshId: MeshId;
  /** @param bytes how long the message was */
  readonly onMessage: (message: CoordinationMessage, bytes: number) => void;
  /** Called once, also when the channel never opened; `phase` is how far it had come. */
  readonly onClose: (reason: string, phase: "connecting" | "handshaking" | "open") => void;
  readonly onOpen: () => void;
}

type State =
  | { readonly kind: "connecting" }
  | { readonly kind: "handshaking"; readonly pending: PendingChannel }
  | { readonly kind: "open"; readonly transport: ChannelTransport }
  | { readonly kind: "closed" };

export class Channel {
  readonly #options: ChannelOptions;
  readonly #socket: WebSocket;
  readonly #queue = new SendQueue();
  readonly #timer: NodeJS.Timeout;
  #state: State = { kind: "connecting" };

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#socket = new WebSocket(options.url, {
      maxPayload: frameLimit,
      perMessageDeflate: false,
      followRedirects: false,
      handshakeTimeout: openTimeout,
    });
    this.#socket.binaryType = "nodebuffer";
    this.#timer = setTimeout(() => this.close("the coordinator did not answer in time"), openTimeout);
    this.#socket.on("open", () => this.#start());
    this.#socket.on("message", (data, isBinary) => this.#receive(data as Buffer, isBinary));
    this.#socket.on("error", (error) => this.close(error.message));
    this.#socket.on("close", (code) => this.close(`the coordinator closed the connection (${code})`));
  }

  /** The handshake hash, 32 bytes: what a signature over this very channel covers. Undefined before it is open. */
  get binding(): Uint8Array | undefined {
    return this.#state.kind === "open" ? this.#state.transport.channelBinding : undefined;
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  send<K extends Exclude<CoordinationKind, "relay">>(kind: K, body: CoordinationBodies[K]): void {
    if (this.#state.kind !== "open") return;
    if (this.#queue.pushControl(encodeCoordination(kind, body))) this.#flush();
    else this.close("the coordinator does not read");
  }

  /** Reads no more from the socket until `resume`: TCP slows the sender down. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** False when the channel is not open or the datagram does not fit. */
  relay(nid: NodeId, datagram: Uint8Array): boolean {
    if (this.#state.kind !== "open" || datagram.length === 0 || datagram.length > relayDatagramLimit) return false;
    this.#queue.pushRelay(encodeCoordination("relay", { nid, datagram }));
    this.#flush();
    return true;
  }

  /** Ends the channel; the first reason wins. */
  close(reason: string): void {
    if (this.#state.kind === "closed") return;
    const phase = this.#state.kind;
    if (this.#state.kind === "open") this.#state.transport.close();
    if (this.#state.kind === "handshaking") abandonChannel(this.#state.pending);
    this.#state = { kind: "closed" };
    clearTimeout(this.#timer);
    this.#socket.terminate();
    this.#options.onClose(reason, phase);
  }

  #start(): void {
    const { local, coordinatorKey, meshId } = this.#options;
    const started = startChannel({
      local,
      coordinatorKey,
      meshId: Buffer.from(meshId, "hex"),
      ephemeral: new Uint8Array(randomBytes(32)),
    });
    if (!started.ok) {
      this.close(`the handshake failed: ${started.reason}`);
      return;
    }
    this.#state = { kind: "handshaking", pending: started.pending };
    this.#socket.send(started.message);
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      this.close("the coordinator sent text");
      return;
    }
    switch (this.#state.kind) {
      case "handshaking":
        this.#finish(this.#state.pending, data);
        return;
      case "open":
        this.#open(this.#state.transport, data);
        return;
      case "connecting":
      case "closed":
        return;
      default:
        this.#state satisfies never;
    }
  }

  #finish(pending: PendingChannel, data: Buffer): void {
    const finished = finishChannel(pending, data);
    if (!finished.ok) {
      this.close(`this is not the coordinator of the mesh (${finished.reason})`);
      return;
    }
    clearTimeout(this.#timer);
    this.#state = { kind: "open", transport: finished.transport };
    this.#options.onOpen();
  }

  #open(transport: ChannelTransport, data: Buffer): void {
    const plaintext = transport.open(data);
    if (plaintext === undefined) {
      this.close("a frame did not open");
      return;
    }
    const decoded = decodeCoordination(plaintext);
    if (!decoded.ok) {
      this.close(`a message does not fit: ${decoded.reason} (kind ${decoded.code})`);
      return;
    }
    this.#options.onMessage(decoded.message, plaintext.length);
  }

  #flush(): void {
    while (this.#state.kind === "open" && this.#socket.bufferedAmount < socketBufferLimit) {
      const plaintext = this.#queue.take();
      if (plaintext === undefined) return;
      const frame = this.#state.transport.seal(plaintext);
      if (frame === undefined) {
        this.close("the channel is used up");
        return;
      }
      this.#socket.send(frame, () => this.#flush());
    }
  }
}
