// The tunnel's one UDP socket, for both address families where the host has both.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { DirectPath } from "./path.ts";

/** Bytes waiting in the process; beyond that datagrams are dropped, as a full network would. */
const queueLimit = 4 * 1024 * 1024;
const socketBuffer = 4 * 1024 * 1024;

export interface UdpHandlers {
  readonly onDatagram: (datagram: Uint8Array, path: DirectPath) => void;
  /** A send that failed; `code` is an errno name. */
  readonly onSendError: (code: string, path: DirectPath) => void;
}

export interface Udp {
  readonly port: number;
  readonly dualStack: boolean;
  /** False when it was dropped at once. */
  send(datagram: Uint8Array, path: DirectPath): boolean;
  close(): Promise<void>;
}

/** Binds `port` on every address; 0 takes a free one. @throws TunnelMeshError TM_AGENT_PORT_IN_USE */
export async function openUdp(port: number, handlers: UdpHandlers): Promise<Udp> {
  const bound = await bindEither(port);
  const { socket, dualStack } = bound;
  let open = true;
  socket.on("message", (datagram: Uint8Array, from: RemoteInfo) => {
    const address = from.address.startsWith("::ffff:") ? from.address.slice(7) : from.address;
    handlers.onDatagram(datagram, { kind: "direct", address, port: from.port });
  });
  // Errors of a UDP socket are about one datagram (ICMP); the path finds out by its own probes.
  socket.on("error", (error: NodeJS.ErrnoException) => {
    handlers.onSendError(error.code ?? "unknown", { kind: "direct", address: "", port: 0 });
  });
  return {
    port: socket.address().port,
    dualStack,
    send(datagram, path) {
      // A datagram may claim to come from port 0; Node throws when it is asked to answer there.
      if (!open || path.port === 0 || socket.getSendQueueSize() > queueLimit) return false;
      const mapped = dualStack && !path.address.includes(":") ? `::ffff:${path.address}` : path.address;
      if (!dualStack && path.address.includes(":")) return false;
      socket.send(datagram, path.port, mapped, (error) => {
        if (error !== null && open) handlers.onSendError((error as NodeJS.ErrnoException).code ?? "unknown", path);
      });
      return true;
    },
    close: () =>
      new Promise((resolve) => {
        if (!open) return resolve();
        open = false;
        socket.close(() => resolve());
      }),
  };
}

async function bindEither(port: number): Promise<{ socket: Socket; dualStack: boolean }> {
  try {
    return { socket: await bindOne("udp6", port), dualStack: true };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Hosts without IPv6 say one of these; the tunnel then speaks IPv4 alone.
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL" && code !== "EINVAL") throw refused(port, error);
  }
  try {
    return { socket: await bindOne("udp4", port), dualStack: false };
  } catch (error) {
    throw refused(port, error);
  }
}

function refused(port: number, cause: unknown): TunnelMeshError {
  const detail = `UDP ${port}: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new TunnelMeshError("TM_AGENT_PORT_IN_USE", { detail, cause });
}

function bindOne(type: "udp4" | "udp6", port: number): Promise<Socket> {
  const socket = createSocket({
    type,
    // Addresses are numbers already: no name service on the packet path.
    lookup: (name, _options, done) => done(null, name, name.includes(":") ? 6 : 4),
    recvBufferSize: socketBuffer,
    sendBufferSize: socketBuffer,
  });
  return new Promise((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}
