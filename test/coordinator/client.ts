// A protocol client: an agent's side of the coordinator channel, without anything behind it.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import type { NodeId } from "../../protocol/brand.ts";
import { finishChannel, startChannel } from "../../protocol/coordination/channel.ts";
import {
  type CoordinationBodies,
  type CoordinationKind,
  type CoordinationMessage,
  decodeCoordination,
  encodeCoordination,
} from "../../protocol/coordination/frame.ts";
import type { ChannelTransport } from "../../protocol/coordination/transport.ts";
import type { KeyPair } from "../../protocol/noise/primitives.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { nodeIdOf } from "../../protocol/trust/ssh-public-key.ts";
import { deriveTunnelKeys } from "../../protocol/trust/tunnel-keys.ts";
import type { Party } from "../protocol/trust/mesh.ts";

/** Where a client connects to, and with which key. */
export interface Reachable {
  readonly port: number;
  status(): Promise<{ readonly key: string }>;
}

type Of<K extends CoordinationKind> = CoordinationBodies[K];

export class Client {
  readonly nid: NodeId;
  readonly messages: CoordinationMessage[] = [];
  closed = false;
  instance = randomBytes(16).toString("hex");
  readonly #who: Party;
  readonly #view: MeshView;
  #socket: WebSocket | undefined;
  #transport: ChannelTransport | undefined;
  #taken = new Map<string, number>();
  #wake: () => void = () => undefined;

  constructor(who: Party, view: MeshView) {
    this.#who = who;
    this.#view = view;
    this.nid = nodeIdOf(who.signer.publicKey);
  }

  /** Opens the channel; after this nothing has been said yet. */
  async open(coordinator: Reachable, local: KeyPair = deriveTunnelKeys(this.#who.seed).ctl): Promise<void> {
    const { key } = await coordinator.status();
    const socket = new WebSocket(`ws://127.0.0.1:${coordinator.port}/`, { perMessageDeflate: false });
    this.#socket = socket;
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
    socket.on("error", () => undefined);
    await once(socket, "open");
    const coordinatorKey = Buffer.from(key, "hex");
    const meshId = Buffer.from(this.#view.meshId, "hex");
    const started = startChannel({ local, coordinatorKey, meshId, ephemeral: randomBytes(32) });
    if (!started.ok) throw new Error(started.reason);
    socket.send(started.message);
    const [reply] = (await once(socket, "message")) as [Buffer];
    const finished = finishChannel(started.pending, reply);
    if (!finished.ok) throw new Error(finished.reason);
    this.#transport = finished.transport;
    socket.on("message", (frame: Buffer) => this.#receive(frame));
  }

  /** The handshake hash of the open channel. */
  get binding(): Uint8Array {
    return this.#transport?.channelBinding ?? new Uint8Array(32);
  }

  /** Opens the channel and says hello; gives the welcome. */
  async join(coordinator: Reachable, hello: Partial<Of<"hello">> = {}): Promise<Of<"welcome">> {
    await this.open(coordinator);
    const { head } = this.#view;
    const { nid, instance } = this;
    this.send("hello", { v: 1, nid, instance, release: "test", head, mapVersion: 0, store: "", ...hello });
    return this.next("welcome");
  }

  send<K extends CoordinationKind>(kind: K, body: Of<K>): void {
    this.sendPlain(encodeCoordination(kind, body));
  }

  sendPlain(plaintext: Uint8Array): void {
    const frame = this.#transport?.seal(plaintext);
    if (frame !== undefined) this.#socket?.send(frame);
  }

  sendRaw(frame: Uint8Array): void {
    this.#socket?.send(frame);
  }

  async submit(...items: SignedItem[]): Promise<Of<"submitted">["verdicts"]> {
    this.send("submit", { id: 7, items });
    return (await this.next("submitted")).verdicts;
  }

  /** The next message of a kind that was not taken yet; throws when the channel closes or nothing comes. */
  async next<K extends CoordinationKind>(kind: K, milliseconds = 5000): Promise<Of<K>> {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const skip = this.#taken.get(kind) ?? 0;
      const found = this.messages.filter((message) => message.kind === kind)[skip];
      if (found !== undefined && found.kind !== "unknown") {
        this.#taken.set(kind, skip + 1);
        return found.body as Of<K>;
      }
      if (this.closed) throw new Error(`closed before ${kind}: ${JSON.stringify(this.messages)}`);
      if (Date.now() > deadline) throw new Error(`no ${kind} came`);
      await this.#change(deadline - Date.now());
    }
  }

  /** All items until one delta is complete. */
  async delta(): Promise<{ readonly items: SignedItem[]; readonly mapVersion: number }> {
    const items: SignedItem[] = [];
    for (;;) {
      const chunk = await this.next("items");
      items.push(...chunk.items);
      if (chunk.last) return { items, mapVersion: chunk.mapVersion };
    }
  }

  /** Waits until the other side has closed. */
  async ended(milliseconds = 5000): Promise<void> {
    const deadline = Date.now() + milliseconds;
    while (!this.closed) {
      if (Date.now() > deadline) throw new Error("the channel is still open");
      await this.#change(deadline - Date.now());
    }
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  close(): void {
    this.#socket?.terminate();
  }

  #receive(frame: Buffer): void {
    const plaintext = this.#transport?.open(frame);
    const decoded = plaintext && decodeCoordination(plaintext);
    if (!decoded?.ok) throw new Error("the coordinator sent something that does not open");
    this.messages.push(decoded.message);
    this.#wake();
  }

  #change(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, milliseconds));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
