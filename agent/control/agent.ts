// The control side of one mesh on this host: from signed items to peers, from the coordinator to hints, from requests to answers.
import { meshUla } from "../../protocol/addresses/ula.ts";
import type { NodeId } from "../../protocol/brand.ts";
import { tunnelMtu } from "../../protocol/constants.ts";
import type { CoordinationBodies } from "../../protocol/coordination/frame.ts";
import { isTunnelMeshError } from "../../protocol/errors/error.ts";
import type { AgentConfiguration, NetworkSecret } from "../../protocol/host/configuration.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { NameService } from "../dns/name-service.ts";
import type { Identity } from "../identity/identity.ts";
import { lifeSignSince } from "../identity/life-sign.ts";
import { ownKeysItem } from "../identity/own-keys.ts";
import { ClientSecrets } from "../map/client-secrets.ts";
import { deriveClientPeers, deriveClients } from "../map/derive-clients.ts";
import { peerDeriver } from "../map/derive-peers.ts";
import type { Hints } from "../map/hints.ts";
import type { MapStore } from "../map/map-store.ts";
import { newestGeneration } from "../map/network-secret.ts";
import type { Log } from "../system/log.ts";
import type { Tunnel, TunnelFactory } from "../tunnel.ts";
import { Alarms } from "./alarms.ts";
import { CoordinatorLink, coordinatorText } from "./coordinator-link.ts";
import { KeptHints } from "./kept-hints.ts";
import { type MemberState, memberState } from "./member-state.ts";
import { Paced } from "./paced.ts";
import type { TimestampFile } from "./timestamp-file.ts";

/** Expired grants are let go and a failed start is tried again at least so often. */
const refreshInterval = 30_000;
const startRetry = 5_000;
/** Peers are built anew for what the coordinator says of them at most so often. */
const presenceInterval = 500;

export interface AgentParts {
  readonly configuration: AgentConfiguration;
  readonly release: string;
  readonly identity: Identity;
  readonly map: MapStore;
  readonly hints: Hints;
  readonly secret: NetworkSecret | undefined;
  readonly keysFile: string;
  readonly timestamps: TimestampFile;
  readonly createTunnel: TunnelFactory;
  readonly names: NameService;
  readonly log: Log;
  readonly nowUnixSeconds: () => number;
}

/** Everything that acts on a change goes through `refresh`, one at a time. */
export class Agent {
  readonly parts: AgentParts;
  readonly link: CoordinatorLink;
  readonly #alarms = new Alarms();
  #tunnel: { readonly tunnel: Tunnel; readonly addresses: string } | undefined;
  #named = false;
  readonly #derivePeers = peerDeriver();
  readonly clientSecrets: ClientSecrets;
  #ownKeys: SignedItem | undefined;
  #coordinator = "";
  #refreshing: Promise<void> | undefined;
  #again = false;
  readonly #presence = new Paced(() => void this.refresh(), presenceInterval);
  readonly #keptHints: KeptHints;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AgentParts) {
    this.parts = parts;
    const { map, identity, configuration, release, log } = parts;
    this.#keptHints = new KeptHints(parts.hints, () => map.view.members.keys(), log);
    this.clientSecrets = new ClientSecrets({ nid: identity.nid, ctl: identity.ctl.privateKey });
    this.link = new CoordinatorLink({
      nid: identity.nid,
      meshId: map.view.meshId,
      ctl: identity.ctl,
      release,
      log,
      coordinator: () => map.view.coordinator,
      head: () => map.view.head,
      ownKeys: () => this.#ownKeys,
      onItems: async (items) => await this.#takeItems(items),
      onPresence: (presence) => this.#takePresence(presence),
      onRelayed: (from, datagram) => this.#tunnel?.tunnel.receiveRelayed(from, datagram),
      onRelayChanged: (available) => this.#relayChanged(available),
      onNotice: (code, message) => {
        log("warn", "the coordinator says", { code, message });
        this.#alarms.notice(code, message);
      },
    });
    if (configuration.mesh !== map.view.name)
      this.#alarms.raise("name", `the genesis calls this mesh ${map.view.name}`);
    if (map.damaged > 0) this.#alarms.raise("damaged", `${map.damaged} lines of the map on disk did not read`);
  }

  get tunnel(): Tunnel | undefined {
    return this.#tunnel?.tunnel;
  }

  get state(): MemberState {
    const { map, identity } = this.parts;
    return memberState(map.view, identity.nid, map.behind);
  }

  get alarms(): readonly string[] {
    const { frozen } = this.parts.map.view;
    return [...(frozen === undefined ? [] : [`the map takes no changes: ${frozen.detail}`]), ...this.#alarms.texts];
  }

  /** Peers come up from what is on disk; the coordinator only adds to it. */
  async start(): Promise<void> {
    await this.#signKeys();
    if (this.parts.secret === undefined)
      this.#alarms.raise("secret", "the network secret has not arrived: no peer can be reached");
    await this.refresh();
    this.#coordinator = coordinatorText(this.parts.map.view);
    this.link.start();
  }

  /** Signs this node's keys where they changed or a sign of life is due. */
  async #signKeys(): Promise<void> {
    const { identity, map, secret, keysFile, nowUnixSeconds } = this.parts;
    const before = this.#ownKeys?.body;
    this.#ownKeys = await ownKeysItem({
      identity,
      meshId: map.view.meshId,
      generation: newestGeneration(secret),
      seenSeq: map.view.held.keys.get(identity.nid)?.keys.seq ?? 0,
      file: keysFile,
      nowUnixSeconds: nowUnixSeconds(),
      signedSince: lifeSignSince(map.view, identity.nid, nowUnixSeconds()),
    });
    if (this.#ownKeys.body === before) return;
    await map.apply([this.#ownKeys], nowUnixSeconds());
    this.link.submitKeys();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#presence.stop();
    this.link.stop();
    await this.#refreshing;
    await this.#takeDown();
    await this.parts.timestamps.flush();
    await this.#keptHints.stop();
  }

  /** Brings tunnel, peers and names in line with the map and the hints. */
  async refresh(): Promise<void> {
    if (this.#refreshing !== undefined) {
      this.#again = true;
      return await this.#refreshing;
    }
    this.#refreshing = this.#refreshAll();
    try {
      await this.#refreshing;
    } finally {
      this.#refreshing = undefined;
    }
  }

  async #refreshAll(): Promise<void> {
    const { identity, map, nowUnixSeconds } = this.parts;
    do {
      this.#again = false;
      let next = refreshInterval;
      try {
        await map.apply([], nowUnixSeconds());
        if (this.#ownKeys !== undefined && lifeSignSince(map.view, identity.nid, nowUnixSeconds()) > 0)
          await this.#signKeys();
        await this.#follow(this.state);
        this.#alarms.clear("start");
      } catch (error) {
        const text = isTunnelMeshError(error) ? `${error.code}: ${error.message}` : String(error);
        this.parts.log("error", "the mesh did not come up", { cause: text });
        this.#alarms.raise("start", text);
        next = startRetry;
      }
      clearTimeout(this.#timer);
      if (!this.#stopped) this.#timer = setTimeout(() => void this.refresh(), next);
    } while (this.#again && !this.#stopped);
  }

  async #follow(state: MemberState): Promise<void> {
    if (this.#stopped) return;
    if (state.kind !== "up") {
      if (this.#tunnel !== undefined) this.parts.log("warn", "the mesh goes down on this host", { state: state.kind });
      await this.#takeDown();
      return;
    }
    const addresses = `${state.ip4} ${state.ip6}`;
    if (this.#tunnel !== undefined && this.#tunnel.addresses !== addresses) await this.#takeDown();
    if (this.#tunnel === undefined) await this.#bringUp(state, addresses);
    const { map, identity, secret, hints, names } = this.parts;
    await this.#openClients();
    const own = { nid: identity.nid, x25519: identity.x25519.publicKey };
    const { view } = map;
    const agents = this.#derivePeers({ view, own, secret, hint: (nid) => hints.get(nid) });
    const clients = deriveClientPeers({ view, own, secret: (nid) => this.clientSecrets.get(nid) });
    this.#tunnel?.tunnel.setPeers([...agents, ...clients], deriveClients(view));
    names.update(map.view);
    await this.#bringNames(state);
  }

  /** A gateway whose keys were made anew cannot read what was sealed to the old ones. */
  async #openClients(): Promise<void> {
    const closed = await this.clientSecrets.follow(this.parts.map.view);
    if (closed.length === 0) this.#alarms.clear("clients");
    else this.#alarms.raise("clients", `clients granted for another key of this node: ${closed.join(", ")}`);
  }

  async #bringUp(state: Extract<MemberState, { kind: "up" }>, addresses: string): Promise<void> {
    const { configuration, identity, map, createTunnel, timestamps, log } = this.parts;
    const { ip4, ip6 } = state;
    const { x25519, ctl, nid } = identity;
    const tunnel = createTunnel({
      identity: { nid, x25519: x25519.privateKey, ctl: ctl.privateKey, ip4, ip6 },
      interface: configuration.interface,
      mtu: tunnelMtu,
      udpPort: configuration.udpPort,
      range: map.view.range,
      range6: meshUla(map.view.meshId),
      log,
      relay: (to, datagram) => this.link.relay(to, datagram),
      timestamps,
      onEndpoints: (endpoints) => this.link.setEndpoints(endpoints),
    });
    await tunnel.start();
    this.#tunnel = { tunnel, addresses };
    tunnel.relayChanged(this.link.status.state === "connected");
    log("info", "the mesh is up on this host", { name: state.name, ip4, ip6 });
  }

  /** Packets flow without names: say so, and try again at the next refresh. */
  async #bringNames({ ip4, ip6 }: Extract<MemberState, { kind: "up" }>): Promise<void> {
    const { names, log } = this.parts;
    if (this.#named) return;
    try {
      await names.start({ ip4, ip6 });
      this.#named = true;
      this.#alarms.clear("names");
    } catch (error) {
      log("error", "names of the mesh do not resolve on this host", { cause: String(error) });
      this.#alarms.raise("names", `names do not resolve: ${String(error)}`);
    }
  }

  async #takeDown(): Promise<void> {
    const running = this.#tunnel;
    if (running === undefined) return;
    this.#tunnel = undefined;
    this.#named = false;
    await this.parts.names.stop();
    await running.tunnel.stop();
  }

  async #takeItems(items: readonly SignedItem[]): Promise<void> {
    const { map, log, nowUnixSeconds } = this.parts;
    const verdicts = await map.apply(items, nowUnixSeconds());
    const refused = verdicts.filter(({ accepted }) => !accepted);
    for (const { reason } of refused.slice(0, 4)) log("warn", "an item of the coordinator was refused", { reason });
    if (refused.some(({ reason }) => reason === "bad-signature" || reason === "foreign-signer")) {
      this.#alarms.raise("forged", "the coordinator sent items that nobody entitled has signed");
    }
    const coordinator = coordinatorText(map.view);
    if (coordinator !== this.#coordinator) {
      this.#coordinator = coordinator;
      this.link.renew("the mesh has another coordinator");
    }
    await this.refresh();
  }

  #takePresence({ replace, peers }: CoordinationBodies["presence"]): void {
    const { view } = this.parts.map;
    this.parts.hints.update(
      replace,
      peers.filter(({ nid }) => view.members.has(nid as NodeId)),
    );
    this.#presence.ask();
    this.#keptHints.changed();
  }

  #relayChanged(available: boolean): void {
    if (!available) {
      this.parts.hints.allOffline();
      void this.refresh();
    }
    // What the coordinator said before it took this node is settled now.
    if (available) this.#alarms.clearNotices();
    this.#tunnel?.tunnel.relayChanged(available);
  }
}
