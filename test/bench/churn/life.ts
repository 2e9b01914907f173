// One peer of the hub, as an agent has it: real sessions and paths, over a UDP socket whose address and port it changes.
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import type { Clock } from "../../../agent/system/clock.ts";
import { Runtime } from "../../../agent/tunnel/runtime.ts";
import type { TunnelOptions, TunnelPeer } from "../../../agent/tunnel.ts";
import { parseNodeId } from "../../../protocol/brand.ts";
import { type Identity, range, range6 } from "../../agent/tunnel/member.ts";
import { MemoryPlane } from "../../agent/tunnel/memory-plane.ts";
import { encodeEcho } from "../../protocol/wireguard/icmp.ts";

const bytes = (text: string): never => Uint8Array.from(Buffer.from(text, "hex")) as never;
const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));

export class Life {
  readonly identity: Identity;
  readonly #hub: TunnelPeer;
  readonly #runtime: Runtime;
  readonly #plane: MemoryPlane;
  #socket: Socket;
  #sequence = 0;

  /** Says nothing yet; the first request makes the sessions. */
  constructor(identity: Identity, hub: TunnelPeer, address: string, clock: Clock) {
    this.identity = identity;
    this.#hub = hub;
    this.#socket = this.#open(address);
    this.#plane = new MemoryPlane(clock, (datagram, path) => {
      if (path.kind === "direct") this.#socket.send(datagram, path.port, path.address);
    });
    const { nid, x25519, ctl, ip4, ip6, port } = identity;
    const options: TunnelOptions = {
      identity: {
        nid: parseNodeId(nid),
        ...{ x25519: bytes(x25519), ctl: bytes(ctl), ip4: ip4 as never, ip6: ip6 as never },
      },
      ...{ interface: "tm0", mtu: 1420, udpPort: port, range, range6 },
      log: () => undefined,
      relay: () => false,
      onEndpoints: () => undefined,
    };
    this.#runtime = new Runtime(options, this.#plane, clock, random);
    this.#plane.runtime = this.#runtime;
    this.#runtime.setPeers([hub]);
  }

  tick(): void {
    this.#runtime.tick();
  }

  /** An ICMP echo to the hub's kernel, which answers through its own tunnel. */
  request(): void {
    const source = this.identity.ip4;
    const sequence = this.#sequence++ & 0xffff;
    const echo = {
      type: "request",
      source,
      destination: this.#hub.ip4!,
      id: 1,
      sequence,
      payload: random(56),
    } as const;
    this.#plane.sendPacket(this.#hub.nid, encodeEcho(echo));
  }

  /** Goes on from another address and port; the hub hears of it by what is sent next. */
  roam(address: string): void {
    this.#socket.close();
    this.#socket = this.#open(address);
  }

  /** Answers since the last time. */
  takeAnswers(): number {
    return this.#plane.arrived.splice(0).length;
  }

  /** Is gone without a word. */
  async vanish(): Promise<void> {
    await this.#runtime.close();
    this.#socket.close();
  }

  #open(address: string): Socket {
    const socket = createSocket("udp4");
    socket.on("message", (datagram, { address: from, port }) =>
      this.#plane.receiveDatagram(Uint8Array.from(datagram), { kind: "direct", address: from, port }),
    );
    socket.on("error", (error) => process.stderr.write(`${error.message}\n`));
    socket.bind(0, address);
    return socket;
  }
}
