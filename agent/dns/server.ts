// Listens for DNS queries on the node's own mesh addresses, over UDP and TCP, within limits.
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, isIPv6, type Socket, type Server as TcpServer } from "node:net";
import { withLength } from "./forward.ts";

/** Queries that may wait for an answer at once; further ones are dropped and asked again by their senders. */
const inFlightLimit = 256;
const connectionLimit = 32;
const idleTimeout = 10_000;
/** Largest answer over UDP without a truncation: what fits a tunnel's packet. */
const udpLimit = 1232;

export type QueryHandler = (query: Buffer, from: string, over: "udp" | "tcp") => Promise<Buffer | undefined>;

export interface DnsServer {
  /** Where it listens; the port differs from the one asked for only when that was 0. */
  readonly port: number;
  /** Those it listens at: an IPv6 address that the host does not have is left out while there is another. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

/**
 * @param onError told about a handler that threw; its query stays without an answer
 * @throws Error of node when an address cannot be bound, but for an IPv6 one where IPv6 is switched off and IPv4 is there
 */
export async function startDnsServer(
  addresses: readonly string[],
  port: number,
  handle: QueryHandler,
  onError: (error: unknown) => void,
): Promise<DnsServer> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0)) await closer();
  };
  let inFlight = 0;
  const answer: QueryHandler = async (query, from, over) => {
    if (inFlight >= inFlightLimit) return undefined;
    inFlight += 1;
    try {
      return await handle(query, from, over);
    } catch (error) {
      onError(error);
      return undefined;
    } finally {
      inFlight -= 1;
    }
  };
  let bound = port;
  const listening: string[] = [];
  try {
    for (const address of addresses) {
      try {
        const tcp = await listenTcp(address, bound, answer);
        closers.push(tcp.close);
        bound = tcp.port;
        closers.push(await listenUdp(address, bound, answer));
        listening.push(address);
      } catch (error) {
        if (listening.length === 0 || !isWithoutIpv6(address, error)) throw error;
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { port: bound, addresses: listening, close };
}

function isWithoutIpv6(address: string, error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return isIPv6(address) && (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT");
}

async function listenUdp(address: string, port: number, handle: QueryHandler): Promise<() => Promise<void>> {
  const socket: UdpSocket = createSocket({ type: isIPv6(address) ? "udp6" : "udp4", reuseAddr: false });
  let open = true;
  socket.on("message", async (query, { address: from, port: back }) => {
    const answer = await handle(query, from, "udp");
    if (answer !== undefined && open) replyTo(socket, answer, back, from);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeListener("error", reject);
      socket.on("error", () => undefined);
      resolve();
    });
  });
  return async () => {
    open = false;
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  };
}

/** Sends an answer, cut where it is too long. False for port 0, which a query may claim to come from: Node throws on it. */
export function replyTo(socket: UdpSocket, answer: Buffer, port: number, address: string): boolean {
  if (port === 0) return false;
  // The error of a sender that is gone meanwhile is of no interest; the callback keeps it off the socket.
  socket.send(answer.length <= udpLimit ? answer : truncated(answer), port, address, () => undefined);
  return true;
}

async function listenTcp(
  address: string,
  port: number,
  handle: QueryHandler,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const open = new Set<Socket>();
  const server: TcpServer = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    serveTcp(socket, handle);
  });
  server.maxConnections = connectionLimit;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port, exclusive: true }, () => resolve());
  });
  const at = server.address();
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port: typeof at === "object" && at !== null ? at.port : port, close };
}

/** One query after the other on a connection; its buffer holds one message at most. */
function serveTcp(socket: Socket, handle: QueryHandler): void {
  let received: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let busy = false;
  const next = async (): Promise<void> => {
    while (!busy && received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      const query = Buffer.from(received.subarray(2, end));
      received = Buffer.from(received.subarray(end));
      busy = true;
      socket.pause();
      const answer = await handle(query, socket.remoteAddress ?? "", "tcp");
      busy = false;
      if (answer !== undefined && socket.writable) socket.write(withLength(answer));
      socket.resume();
    }
  };
  socket.setTimeout(idleTimeout, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.length > 2 + 0xffff + 65_536) socket.destroy();
    else void next();
  });
}

/** The header and question alone, with TC set: the asker comes again over TCP (RFC 2181 §9). */
function truncated(answer: Buffer): Buffer {
  const header = Buffer.from(answer.subarray(0, 12));
  header[2]! |= 0x02;
  header.fill(0, 4);
  return header;
}
