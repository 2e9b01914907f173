// A UDP socket whose datagrams are awaited one by one.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

export class DatagramQueue {
  readonly #socket: Socket;
  readonly #waiting: Uint8Array[] = [];
  readonly #readers: ((datagram: Uint8Array | undefined) => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (message) => {
      const datagram = new Uint8Array(message);
      const reader = this.#readers.shift();
      if (reader === undefined) this.#waiting.push(datagram);
      else reader(datagram);
    });
  }

  static async bind(address: string): Promise<DatagramQueue> {
    const socket = createSocket("udp4");
    socket.bind(0, address);
    await once(socket, "listening");
    return new DatagramQueue(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(datagram: Uint8Array, port: number, address: string): void {
    this.#socket.send(datagram, port, address);
  }

  /** The next datagram, or undefined after `milliseconds`. */
  next(milliseconds: number): Promise<Uint8Array | undefined> {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), milliseconds);
      const settle = (datagram: Uint8Array | undefined) => {
        clearTimeout(timer);
        const place = this.#readers.indexOf(settle);
        if (place >= 0) this.#readers.splice(place, 1);
        resolve(datagram);
      };
      this.#readers.push(settle);
    });
  }

  close(): void {
    this.#socket.close();
  }
}
