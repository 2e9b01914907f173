// Nodes with real runtimes on a wire in memory, in virtual time.
import { randomBytes } from "node:crypto";
import type { Path } from "../../../agent/transport/path.ts";
import { Runtime } from "../../../agent/tunnel/runtime.ts";
import type { TunnelOptions, TunnelPeer } from "../../../agent/tunnel.ts";
import { parseNodeId } from "../../../protocol/brand.ts";
import type { Endpoint } from "../../../protocol/coordination/messages.ts";
import { publicKeyOf } from "../../../protocol/noise/primitives.ts";
import { MemoryPlane } from "./memory-plane.ts";

const bytes = (value: Uint8Array): never => Uint8Array.from(value) as never;

export class Node {
  readonly nid = parseNodeId(randomBytes(32).toString("hex"));
  readonly x25519 = bytes(randomBytes(32));
  readonly ctl = bytes(randomBytes(32));
  readonly name: string;
  readonly address: string;
  /** Own endpoints as last reported. */
  reported: readonly Endpoint[] = [];
  plane: MemoryPlane;
  runtime: Runtime;
  readonly #world: World;

  constructor(world: World, number: number) {
    this.#world = world;
    this.name = `node${number}`;
    this.address = `198.18.50.${number}`;
    [this.plane, this.runtime] = this.#make();
  }

  /** Loses everything that is not on disk. */
  restart(): void {
    [this.plane, this.runtime] = this.#make();
  }

  send(to: Node, text: string): void {
    this.plane.sendPacket(to.nid, Buffer.from(text));
    this.#world.settle();
  }

  /** How others see this node. */
  seen(endpoints: boolean, psk = this.#world.psk): TunnelPeer {
    return {
      nid: this.nid,
      name: this.name,
      groups: [],
      x25519: bytes(publicKeyOf(this.x25519)),
      ctl: bytes(publicKeyOf(this.ctl)),
      ip4: undefined,
      ip6: "fd00::1" as never,
      routes: [],
      tunnelPsk: bytes(psk),
      controlPsk: bytes(psk),
      online: true,
      endpoints: endpoints ? [{ kind: "local", address: this.address, port: 51820 }] : [],
    };
  }

  #make(): [MemoryPlane, Runtime] {
    const plane = new MemoryPlane(this.#world.clock, (datagram, path) => this.#world.emit(this, datagram, path));
    const options: TunnelOptions = {
      identity: { nid: this.nid, x25519: this.x25519, ctl: this.ctl, ip4: undefined, ip6: "fd00::1" as never },
      interface: "tm0",
      mtu: 1420,
      udpPort: 51820,
      range: "100.64.0.0/10",
      range6: "fd00::/48",
      log: () => undefined,
      relay: () => true,
      onEndpoints: (endpoints) => {
        this.reported = endpoints;
      },
    };
    const runtime = new Runtime(options, plane, this.#world.clock, (length) => this.#world.random(length));
    plane.runtime = runtime;
    return [plane, runtime];
  }
}

interface Flight {
  readonly from: Node;
  readonly datagram: Uint8Array;
  readonly path: Path;
}

export class World {
  readonly psk = randomBytes(32);
  readonly nodes: Node[] = [];
  now = 1_000;
  readonly clock = { now: () => this.now, wall: () => 1_800_000_000_000 + this.now };
  readonly log: Flight[] = [];
  random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));
  /** Who the relay says a frame is from. */
  relayNames: (from: Node) => Node = (from) => from;
  /** Where a direct datagram seems to come from. */
  source: (from: Node) => string = (from) => from.address;
  /** Who answers at an address that is nobody's own. */
  owner: (address: string) => Node | undefined = () => undefined;
  passes: (flight: Flight) => boolean = () => true;
  #flying: Flight[] = [];

  add(): Node {
    const node = new Node(this, this.nodes.length + 1);
    this.nodes.push(node);
    return node;
  }

  emit(from: Node, datagram: Uint8Array, path: Path): void {
    this.#flying.push({ from, datagram: Uint8Array.from(datagram), path });
  }

  settle(): void {
    for (let rounds = 0; this.#flying.length > 0; rounds += 1) {
      if (rounds === 100) throw new Error("the nodes never fell silent");
      for (const flight of this.#flying.splice(0)) {
        this.log.push(flight);
        if (this.passes(flight)) this.#deliver(flight);
      }
    }
  }

  advance(milliseconds: number, each: () => void = () => undefined): void {
    for (const end = this.now + milliseconds; this.now < end; ) {
      this.now += 100;
      for (const { runtime } of this.nodes) runtime.tick();
      this.settle();
      each();
    }
  }

  #deliver({ from, datagram, path }: Flight): void {
    if (path.kind === "relay") {
      const to = this.nodes.find(({ nid }) => nid === path.nid);
      to?.runtime.relayed(this.relayNames(from).nid, datagram);
    } else {
      const to = this.nodes.find(({ address }) => address === path.address) ?? this.owner(path.address);
      to?.plane.receiveDatagram(datagram, { kind: "direct", address: this.source(from), port: 51820 });
    }
  }
}
