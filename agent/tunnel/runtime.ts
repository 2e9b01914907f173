// A running tunnel: takes what data plane, relay and timers report, and passes it to sessions and paths.
import type { NodeId } from "../../protocol/brand.ts";
import type { PeerStatus, PingReply } from "../../protocol/control/agent.ts";
import type { Endpoint } from "../../protocol/coordination/messages.ts";
import { keyPairOf } from "../../protocol/noise/primitives.ts";
import { controlProfile } from "../../protocol/wireguard/profile.ts";
import { Counters } from "../dataplane/counters.ts";
import type { DataPlane } from "../dataplane/data-plane.ts";
import { Gate } from "../dataplane/gate.ts";
import { KeyTable } from "../dataplane/keys.ts";
import { initiationPaths } from "../path/select.ts";
import { rejectAfterTime, stagedLimit } from "../session/limits.ts";
import { usable } from "../session/session.ts";
import { SentTimestamps } from "../session/timestamps.ts";
import type { Clock } from "../system/clock.ts";
import { readAddresses } from "../system/network-addresses.ts";
import { type Path, pathKey } from "../transport/path.ts";
import type { TunnelClient, TunnelOptions, TunnelPeer } from "../tunnel.ts";
import { ClientTable } from "./clients.ts";
import { receiveControl, sendClients, sendEndpoints } from "./control.ts";
import { type Core, isStock, type Link, type SessionKind } from "./core.ts";
import { Echoes } from "./echo.ts";
import { expectedAddresses } from "./expected.ts";
import { receive } from "./incoming.ts";
import { Inside } from "./inside.ts";
import { removeLink, syncLinks } from "./links.ts";
import { observedEndpoints } from "./observed.ts";
import { dropInside, roam, runPath, tickPaths } from "./paths.ts";
import { rerouteClients } from "./routes.ts";
import { runSession, tickSessions } from "./sessions.ts";
import { peerStatus } from "./status.ts";

/** The path machine hears of traffic at most so often, milliseconds. */
const reportInterval = 100;
/** A control session remade between these ages was not due: the peer restarted. */
const restartedAfter = 3_000;
const restartedBefore = 110_000;

export class Runtime {
  readonly #core: Core;
  /** For what comes through the relay; what comes directly passed the data plane's own. */
  readonly #gate: Gate;
  readonly #echoes = new Echoes();
  #own: readonly Endpoint[] = [];
  #known: readonly string[] = [];

  constructor(options: TunnelOptions, plane: DataPlane, clock: Clock, random: (length: number) => Uint8Array) {
    const { identity } = options;
    this.#core = {
      options,
      clock,
      plane,
      identity: { tunnel: keyPairOf(identity.x25519), control: keyPairOf(identity.ctl) },
      controlKeys: new KeyTable(controlProfile),
      links: new Map(),
      byKey: { tunnel: new Map(), control: new Map() },
      pending: new Map(),
      indices: new Map(),
      clients: new ClientTable(identity.nid),
      inside: new Inside([options.range, options.range6]),
      timestamps: new SentTimestamps(options.timestamps, clock, options.log),
      counters: new Counters(),
      random,
      onEstablished: (link, kind) => this.#established(link, kind),
      relayUsable: false,
    };
    const keys = { tunnel: this.#core.identity.tunnel.publicKey, control: this.#core.identity.control.publicKey };
    const answer = (datagram: Uint8Array, path: Path): void => void plane.sendDatagram(datagram, path);
    this.#gate = new Gate(keys, random, answer, (name) => this.#core.counters.count(name));
    plane.guard(keys);
  }

  setPeers(peers: readonly TunnelPeer[], clients: readonly TunnelClient[] = []): void {
    syncLinks(this.#core, peers, clients);
    this.#tellKnown();
  }

  /** CIDRs behind peers that the host now sends into the mesh: nobody is reached there directly. */
  setRouted(ranges: readonly string[]): void {
    this.#core.inside.setRouted(ranges);
    dropInside(this.#core);
  }

  setRelay(available: boolean): void {
    this.#core.relayUsable = available;
    for (const link of this.#core.links.values()) {
      runPath(this.#core, link, { kind: "relay", usable: available, online: link.peer.online });
      if (available) runPath(this.#core, link, { kind: "active" });
    }
  }

  relayed(from: NodeId, datagram: Uint8Array): void {
    this.#core.plane.receiveDatagram(datagram, { kind: "relay", nid: from });
  }

  receive(datagram: Uint8Array, path: Path): void {
    if (path.kind === "relay" && !this.#gate.pass(datagram, () => path, this.#core.clock.now())) return;
    const handlers = {
      onControl: (link: Link, plaintext: Uint8Array, via: Path) =>
        receiveControl(this.#core, this.#echoes, link, plaintext, via),
      onHeard: (link: Link, via: Path, data: boolean) => this.#heard(link, via, data),
    };
    receive(this.#core, handlers, datagram, path);
  }

  /** A packet without key or way: it waits for whichever is missing. */
  unsent(nid: NodeId, packet: Uint8Array): void {
    const core = this.#core;
    const link = core.links.get(nid);
    if (link === undefined) {
      core.counters.count("packet_no_link");
      return;
    }
    if (link.paths.length > 0) {
      runPath(core, link, { kind: "active" });
      runSession(core, link, "tunnel", { kind: "stage", packet });
      return;
    }
    if (isStock(link)) {
      // Not heard since the start: nobody knows where it is, and when it comes what was sent now is of no use.
      core.counters.count("packet_no_client");
      return;
    }
    if (link.waiting.length >= stagedLimit) {
      link.waiting.shift();
      core.counters.count("packet_no_path");
    }
    link.waiting.push(packet);
    runPath(core, link, { kind: "active" });
  }

  received(nid: NodeId, localIndex: number, data: boolean, bytes: number, path: Path): void {
    const core = this.#core;
    const link = core.links.get(nid);
    if (link === undefined) return;
    link.received += bytes;
    const back: Path = path.kind === "relay" ? { kind: "relay", nid } : path;
    runSession(core, link, "tunnel", { kind: "received", localIndex, data }, back);
    this.#heard(link, back, data);
  }

  sent(nid: NodeId, data: boolean, counter: number, bytes: number): void {
    const core = this.#core;
    const link = core.links.get(nid);
    if (link === undefined) return;
    link.sent += bytes;
    runSession(core, link, "tunnel", { kind: "sent", data, counter });
    const now = core.clock.now();
    if (!data || now - link.reported.sentAt < reportInterval) return;
    link.reported.sentAt = now;
    runPath(core, link, { kind: "sent" });
  }

  tick(): void {
    const now = this.#core.clock.now();
    tickSessions(this.#core, now);
    tickPaths(this.#core, now);
  }

  /** Looks at this host's addresses; a change is told to the control side and to every peer with a session. */
  refreshEndpoints(): void {
    this.#tellKnown();
    const { port, dualStack } = this.#core.plane.socket;
    const { endpoints: local, tunnels } = readAddresses(port, dualStack, this.#core.options.interface);
    if (this.#core.inside.setTunnels(tunnels)) dropInside(this.#core);
    const own = [...local, ...observedEndpoints(this.#core, local)];
    if (JSON.stringify(own) === JSON.stringify(this.#own)) return;
    this.#own = own;
    this.#core.options.onEndpoints(own);
    for (const link of this.#core.links.values()) {
      if (link.path.controlReady) this.#tellEndpoints(link);
    }
  }

  status(): PeerStatus[] {
    const now = this.#core.clock.now();
    return [...this.#core.links.values()].map((link) => peerStatus(link, now));
  }

  /** Counters of both sides, and gauges of what is held: peers, keys, initiations in flight. */
  readCounters(): Record<string, number> {
    const { plane, counters: own, links, indices, pending } = this.#core;
    const counters: Record<string, number> = { ...plane.counters() };
    for (const [name, value] of Object.entries(own.read())) counters[name] = (counters[name] ?? 0) + value;
    return { ...counters, held_peers: links.size, held_keys: indices.size, held_initiations: pending.size };
  }

  async ping(nid: NodeId, count: number, signal: AbortSignal | undefined): Promise<PingReply | undefined> {
    const link = this.#core.links.get(nid);
    return link === undefined || isStock(link) ? undefined : await this.#echoes.ping(this.#core, link, count, signal);
  }

  async close(): Promise<void> {
    for (const link of [...this.#core.links.values()]) removeLink(this.#core, link);
    this.#core.controlKeys.clear();
    await this.#core.plane.close();
  }

  #heard(link: Link, path: Path, data: boolean): void {
    if (path.kind === "direct" && this.#core.inside.has(path.address)) {
      this.#core.counters.count("path_inside");
      return;
    }
    const now = this.#core.clock.now();
    if (isStock(link)) this.#heardClient(link, path, now);
    const key = pathKey(path);
    const { reported } = link;
    if (data && key === reported.heardKey && now - reported.heardAt < reportInterval) return;
    reported.heardKey = key;
    reported.heardAt = now;
    runPath(this.#core, link, { kind: "heard", path, data });
  }

  /** Whatever is heard of a client moves it here; what other gateways heard before is then older. */
  #heardClient(link: Link, path: Path, now: number): void {
    const core = this.#core;
    roam(core, link, path);
    if (!core.clients.note(link.peer.nid, core.options.identity.nid, now)) return;
    rerouteClients(core);
    this.#tellClients(now);
  }

  /** A handshake that was not due: the client was turned on, or came back. The others may have it elsewhere. */
  #clientCame(link: Link): void {
    const now = this.#core.clock.now();
    const age = link.clientSince === undefined ? 0 : now - link.clientSince;
    link.clientSince = now;
    if (age < restartedBefore || age > rejectAfterTime) this.#tellClients(now);
  }

  /** Other gateways of a client, so that they notice when it comes to them; and whoever is talked to anyway. The rest hears it with its next session. */
  #tellClients(now: number): void {
    const { clients, links } = this.#core;
    for (const other of links.values()) {
      const told = usable(other.sessions.control, now) || clients.shares(other.peer.nid);
      if (told) sendClients(this.#core, other, this.#waysTo(other));
    }
  }

  #established(link: Link, kind: SessionKind): void {
    if (isStock(link)) this.#clientCame(link);
    if (kind === "tunnel") return;
    const core = this.#core;
    const now = core.clock.now();
    const age = link.controlSince === undefined ? undefined : now - link.controlSince;
    link.controlSince = now;
    runPath(core, link, { kind: "control", ready: true });
    this.#tellEndpoints(link);
    sendClients(core, link, this.#waysTo(link));
    const restarted = age !== undefined && age > restartedAfter && age < restartedBefore;
    if (restarted && usable(link.sessions.tunnel, now)) {
      runSession(core, link, "tunnel", { kind: "start", force: true });
    }
  }

  #tellKnown(): void {
    const known = expectedAddresses(this.#core.links.values());
    if (known.length === this.#known.length && known.every((address, index) => address === this.#known[index])) return;
    this.#known = known;
    this.#core.plane.setKnown(known);
  }

  #tellEndpoints(link: Link): void {
    sendEndpoints(this.#core, link, this.#own, this.#waysTo(link));
  }

  #waysTo({ path, paths, peer }: Link): readonly Path[] {
    return paths.length > 0 ? paths : initiationPaths(path, peer.nid, this.#core.clock.now());
  }
}
