// The public port: HTTP for a health check, WebSockets for channels; strangers are few, slow ones are cut off.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { frameLimit } from "../../protocol/coordination/transport.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { AddressBuckets, addressGroup, plainAddress } from "./bucket.ts";
import type { WireContext } from "./context.ts";
import { Session } from "./session.ts";

export interface WireServer {
  readonly port: number;
  /** Says goodbye to every channel and stops listening. */
  close(): Promise<void>;
}

/** Listens for agents. @throws TunnelMeshError TM_COORDINATION_LISTEN */
export async function listenForAgents(
  context: WireContext,
  listen: { readonly host: string; readonly port: number },
): Promise<WireServer> {
  const { counters, limits, roster, registry, now } = context;
  const sessions = new Set<Session>();
  const strangers = new Strangers(context);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: frameLimit,
    perMessageDeflate: false,
    clientTracking: false,
    autoPong: false,
  });
  const server = createServer({ maxHeaderSize: 8192, headersTimeout: limits.handshakeMilliseconds, keepAlive: false });
  server.maxConnections = limits.connections;
  server.on("drop", () => counters.add("connection.refused.full"));
  server.on("connection", (socket: Socket) => strangers.admit(socket));
  server.on("request", answerHealth);
  server.on("clientError", (_error: Error, socket: Duplex) => {
    counters.add("connection.refused.http");
    socket.destroy();
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => counters.add("connection.closed.error"));
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      strangers.keep(socket);
      const address = plainAddress(socket.remoteAddress ?? "");
      const session = new Session(context, webSocket, address, () => strangers.settle(socket));
      sessions.add(session);
      webSocket.on("close", () => sessions.delete(session));
    });
  });
  sockets.on("wsClientError", () => counters.add("connection.refused.http"));
  const stopListening = registry.listen((change) => setImmediate(() => roster.mapChanged(change)));
  const liveness = setInterval(() => checkLiveness(sessions, context), limits.livenessMilliseconds);
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error): void =>
      reject(new TunnelMeshError("TM_COORDINATION_LISTEN", { detail: `${listen.host}:${listen.port}`, cause }));
    server.once("error", failed);
    server.listen({ host: listen.host, port: listen.port, ipv6Only: false }, () => {
      server.off("error", failed);
      resolve();
    });
  });
  server.on("error", (error) => context.log.error({ err: error }, "the public port failed"));
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : listen.port,
    close: async () => {
      stopListening();
      clearInterval(liveness);
      for (const session of sessions) session.end("TM_COORDINATION_STOPPING", "the coordinator is stopping");
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const deadline = setTimeout(() => strangers.destroyAll(), 1000);
      await closed;
      clearTimeout(deadline);
      context.log.info({ at: now() }, "the public port is closed");
    },
  };
}

function answerHealth(request: IncomingMessage, response: ServerResponse): void {
  const healthy = request.method === "GET" && request.url === "/healthz";
  response.writeHead(healthy ? 200 : 404, { "content-type": "text/plain", connection: "close" });
  response.end(healthy ? "ok\n" : "not found\n");
}

/** Closes channels that show no life, and those that are due for new keys. */
function checkLiveness(sessions: ReadonlySet<Session>, { limits, counters, now }: WireContext): void {
  for (const session of sessions) {
    if (now() - session.heardAt > 2.5 * limits.livenessMilliseconds) session.refuse("channel.closed.silent");
    else if (now() - session.openedAt > limits.channelMilliseconds) {
      counters.add("channel.closed.age");
      session.end("TM_COORDINATION_KEYS_CHANGED", "this channel is due for new keys");
    } else session.socket.ping();
  }
}

/** Connections that have not shown a member's key: counted per address and altogether, with a deadline for their first step. */
class Strangers {
  readonly #context: WireContext;
  readonly #buckets: AddressBuckets;
  readonly #groups = new Map<string, number>();
  readonly #deadlines = new Map<Socket, NodeJS.Timeout | undefined>();
  readonly #all = new Set<Socket>();

  constructor(context: WireContext) {
    const { connectionsPerSecond, connectionBurst } = context.limits;
    this.#context = context;
    this.#buckets = new AddressBuckets(connectionsPerSecond, connectionBurst);
  }

  admit(socket: Socket): void {
    const { counters, limits, now } = this.#context;
    const address = socket.remoteAddress;
    if (address === undefined) {
      socket.destroy();
      return;
    }
    const group = addressGroup(address);
    const count = this.#groups.get(group) ?? 0;
    const full = count >= limits.strangersPerAddress || this.#deadlines.size >= limits.strangers;
    if (full || !this.#buckets.take(address, now())) {
      counters.add(full ? "connection.refused.strangers" : "connection.refused.rate");
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    this.#all.add(socket);
    this.#groups.set(group, count + 1);
    const cut = (): void => {
      counters.add("connection.refused.timeout");
      socket.destroy();
    };
    this.#deadlines.set(socket, setTimeout(cut, limits.handshakeMilliseconds));
    socket.on("error", () => counters.add("connection.closed.error"));
    socket.on("close", () => {
      this.#all.delete(socket);
      this.#forget(socket, group);
    });
  }

  /** The upgrade is done: from here the session keeps the time. */
  keep(socket: Socket): void {
    clearTimeout(this.#deadlines.get(socket));
    if (this.#deadlines.has(socket)) this.#deadlines.set(socket, undefined);
  }

  /** It is a member's: it counts as a stranger no more. */
  settle(socket: Socket): void {
    this.#forget(socket, addressGroup(socket.remoteAddress ?? ""));
  }

  destroyAll(): void {
    for (const socket of this.#all) socket.destroy();
  }

  #forget(socket: Socket, group: string): void {
    clearTimeout(this.#deadlines.get(socket));
    if (!this.#deadlines.delete(socket)) return;
    const left = (this.#groups.get(group) ?? 1) - 1;
    if (left > 0) this.#groups.set(group, left);
    else this.#groups.delete(group);
  }
}
