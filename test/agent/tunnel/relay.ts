// A relay for tunnel fixtures: frames by node id over a local socket, opaque; it keeps what passed, for tests to search.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const nodeIdBytes = 32;

export class TestRelay {
  readonly path: string;
  /** Datagrams that passed. */
  readonly passed: Buffer[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "tm-relay-"));
  readonly #clients = new Map<string, Socket>();
  readonly #server: Server;

  readonly #keep: boolean;

  /** @param keep what passed; a benchmark passes too much for that */
  constructor({ keep }: { readonly keep: boolean } = { keep: true }) {
    this.#keep = keep;
    this.path = join(this.#folder, "relay.sock");
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #serve(socket: Socket): void {
    let buffered = Buffer.alloc(0);
    let own: Buffer | undefined;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      if (own === undefined && buffered.length >= nodeIdBytes) {
        own = buffered.subarray(0, nodeIdBytes);
        buffered = buffered.subarray(nodeIdBytes);
        this.#clients.set(own.toString("hex"), socket);
      }
      while (own !== undefined && buffered.length >= 34 && buffered.length >= 34 + buffered.readUInt16BE(0)) {
        const end = 34 + buffered.readUInt16BE(0);
        this.#pass(own, buffered.toString("hex", 2, 34), buffered.subarray(34, end));
        buffered = buffered.subarray(end);
      }
    });
  }

  #pass(from: Buffer, to: string, datagram: Buffer): void {
    if (this.#keep) this.passed.push(Buffer.from(datagram));
    const head = Buffer.alloc(2);
    head.writeUInt16BE(datagram.length);
    this.#clients.get(to)?.write(Buffer.concat([head, from, datagram]));
  }
}
