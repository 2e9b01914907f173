// A coordinator in the hands of a test: it speaks the real channel and says whatever it is told to.
import { randomBytes } from "node:crypto";
import { type WebSocket, WebSocketServer } from "ws";
import { acceptChannel } from "../../../protocol/coordination/channel.ts";
import {
  type CoordinationBodies,
  type CoordinationKind,
  type CoordinationMessage,
  decodeCoordination,
  encodeCoordination,
} from "../../../protocol/coordination/frame.ts";
import type { KeyPair } from "../../../protocol/noise/primitives.ts";

export interface Liar {
  readonly url: string;
  /** Messages of the agent, in order. */
  readonly heard: CoordinationMessage[];
  send<K extends CoordinationKind>(kind: K, body: CoordinationBodies[K]): void;
  /** Bytes that the agent's side has not taken from this process yet. */
  unread(): number;
  close(): void;
}

/** Takes the agent as a member at once and then says what the test wants. */
export async function startLiar(local: KeyPair, meshId: string): Promise<Liar> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise<void>((resolve) => server.once("listening", () => resolve()));
  const heard: CoordinationMessage[] = [];
  let send: Liar["send"] = () => {
    throw new Error("nobody is connected");
  };
  server.on("connection", (socket: WebSocket) => {
    socket.once("message", (message: Buffer) => {
      const accepted = acceptChannel({
        local,
        meshId: Buffer.from(meshId, "hex"),
        message,
        ephemeral: new Uint8Array(randomBytes(32)),
      });
      if (!accepted.ok) return socket.terminate();
      const { transport, reply } = accepted;
      send = (kind, body) => {
        const frame = transport.seal(encodeCoordination(kind, body));
        if (frame !== undefined) socket.send(frame);
      };
      socket.on("message", (frame: Buffer) => {
        const plaintext = transport.open(frame);
        const decoded = plaintext === undefined ? undefined : decodeCoordination(plaintext);
        if (decoded?.ok) heard.push(decoded.message);
      });
      socket.send(reply);
    });
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const unread = (): number => [...server.clients].reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0);
  const close = (): void => {
    for (const client of server.clients) client.terminate();
    server.close();
  };
  return { url: `ws://127.0.0.1:${port}`, heard, send: (kind, body) => send(kind, body), unread, close };
}
