// Asks the servers that the host had before, one after the other.
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";

/** For each server, in milliseconds. */
export const forwardTimeout = 2000;
/** Servers asked for one query; resolvers of the C library look at three. */
const serverLimit = 3;

export interface Server {
  readonly address: string;
  readonly port: number;
}

/** The first answer with the query's id; undefined when no server gave one. */
export async function forwardQuery(
  query: Buffer,
  servers: readonly Server[],
  over: "udp" | "tcp",
): Promise<Buffer | undefined> {
  for (const server of servers.slice(0, serverLimit)) {
    const answer = over === "udp" ? await askUdp(query, server) : await askTcp(query, server);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

async function askUdp(query: Buffer, { address, port }: Server): Promise<Buffer | undefined> {
  return await new Promise((resolve) => {
    // Connected, so that only this server's answers come in; the port is random as the id is the asker's.
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    const timer = setTimeout(() => finish(undefined), forwardTimeout);
    let done = false;
    const finish = (answer: Buffer | undefined): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    socket.on("error", () => finish(undefined));
    socket.on("message", (message) => {
      if (answers(query, message)) finish(message);
    });
    // Node calls this with an error where the network refuses; its types do not say so.
    socket.connect(port, address, ((error?: Error) => {
      if (error !== undefined) finish(undefined);
      else if (!done) socket.send(query);
    }) as () => void);
  });
}

async function askTcp(query: Buffer, { address, port }: Server): Promise<Buffer | undefined> {
  return await new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: forwardTimeout });
    let received: Buffer<ArrayBufferLike> = Buffer.alloc(0);
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(undefined), forwardTimeout);
    socket.on("error", () => finish(undefined));
    socket.on("close", () => finish(undefined));
    socket.on("connect", () => socket.write(withLength(query)));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      finish(answers(query, message) ? message : undefined);
    });
  });
}

/** A message as TCP carries it: two bytes of length before it (RFC 1035 §4.2.2). */
export function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

function answers(query: Buffer, message: Buffer): boolean {
  return message.length >= 12 && (message[2]! & 0x80) !== 0 && message.readUInt16BE(0) === query.readUInt16BE(0);
}
