// The public port: HTTP for a health check, WebSockets for channels; strangers are few, slow ones are cut off.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { frameLimit } from "../../protocol/coordination/transport.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { plainAddress } from "./bucket.ts";
import type { WireContext } from "./context.ts";
import { Session } from "./session.ts";
import { Strangers } from "./strangers.ts";

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
  await bind(server, listen);
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

/** Binds both families where the host has both; a kernel without IPv6 gets IPv4 alone. */
async function bind(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  try {
    await listenOn(server, host, port);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (host === "::" && (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL"))
      return bind(server, { host: "0.0.0.0", port });
    throw new TunnelMeshError("TM_COORDINATION_LISTEN", { detail: `${host} port ${port}`, cause });
  }
}

function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, ipv6Only: false }, () => {
      server.off("error", reject);
      resolve();
    });
  });
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
