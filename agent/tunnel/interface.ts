// The mesh's interface on this host: brought up, kept equal to the peers' routes, made again when it goes away.
import { setTimeout as sleep } from "node:timers/promises";
import type { DataPlane } from "../dataplane/data-plane.ts";
import {
  findRouteClash,
  hasIpv6,
  type NetworkPlan,
  planNetwork,
  refuseClash,
  routeStep,
  runIp,
} from "../system/network.ts";
import type { TunnelOptions } from "../tunnel.ts";

export class MeshInterface {
  readonly #options: TunnelOptions;
  readonly #plan: NetworkPlan;
  readonly #onRouted: (routes: readonly string[]) => void;
  #wanted: readonly string[] = [];
  /** What was wanted when the kernel was last told. */
  #told: readonly string[] = [];
  /** Routes of peers that the kernel has: those that were wanted and free. */
  #routed: readonly string[] = [];
  /** Steps run one after the other. */
  #queue: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param onRouted is told the routes of peers that lead to the interface, when they change */
  constructor(options: TunnelOptions, onRouted: (routes: readonly string[]) => void) {
    this.#options = options;
    this.#onRouted = onRouted;
    const { identity, mtu, range, range6 } = options;
    this.#plan = { interface: options.interface, mtu, ip4: identity.ip4, ip6: identity.ip6, range, range6 };
  }

  /** @throws TunnelMeshError TM_AGENT_RANGE_CLASH, TM_AGENT_NETWORK */
  async refuseClash(): Promise<void> {
    await refuseClash(this.#plan);
  }

  /** @throws TunnelMeshError TM_AGENT_NETWORK */
  async up(): Promise<void> {
    const ipv6 = await hasIpv6(this.#plan.interface);
    if (!ipv6) this.#options.log("warn", "IPv6 is switched off on this host, so the mesh has IPv4 alone here");
    await runIp(planNetwork(this.#plan, ipv6));
  }

  /** Asks for exactly these CIDRs to be routed to the interface, beside the mesh's own. */
  setRoutes(routes: readonly string[]): void {
    this.#wanted = [...new Set(routes)].sort();
    this.#queue = this.#queue.then(() => this.#sync());
  }

  /** Makes the interface again, as often as it takes. */
  repair(plane: DataPlane, reason: string): void {
    this.#options.log("error", "the interface went away, making it again", { reason });
    this.#queue = this.#queue.then(async () => {
      while (!this.#stopped) {
        try {
          await plane.reopenInterface();
          await this.up();
          this.#told = [];
          this.#routed = [];
          return await this.#sync();
        } catch (error) {
          this.#options.log("error", "the interface could not be made", { error: String(error) });
          await sleep(1_000);
        }
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#queue;
  }

  async #sync(): Promise<void> {
    const device = this.#plan.interface;
    const wanted = this.#wanted;
    if (this.#stopped || wanted.join() === this.#told.join()) return;
    const gone = this.#routed.filter((route) => !wanted.includes(route));
    await this.#each(gone, (route) => routeStep("del", route, device));
    const kept = this.#routed.filter((route) => wanted.includes(route));
    const fresh = wanted.filter((route) => !kept.includes(route));
    const clash = await this.#findClash(fresh);
    if (clash.size > 0) {
      this.#options.log("warn", "routes of peers that this host reaches otherwise are left out", {
        routes: [...clash],
      });
    }
    const added = fresh.filter((route) => !clash.has(route));
    await this.#each(added, (route) => routeStep("replace", route, device));
    this.#told = wanted;
    this.#routed = [...kept, ...added];
    this.#onRouted(this.#routed);
  }

  /** Routes that are not known to be free are not taken. */
  async #findClash(routes: readonly string[]): Promise<ReadonlySet<string>> {
    try {
      return await findRouteClash(routes, this.#plan.interface);
    } catch (error) {
      this.#options.log("error", "the host's routes could not be read", { error: String(error) });
      return new Set(routes);
    }
  }

  async #each(routes: readonly string[], step: (route: string) => string[]): Promise<void> {
    for (const route of routes) {
      try {
        await runIp([step(route)]);
      } catch (error) {
        this.#options.log("warn", "a route was not changed", { route, error: String(error) });
      }
    }
  }
}
