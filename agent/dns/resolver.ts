// The mesh's resolver on this host: answers for members, asks the host's own servers for everything else.
import type { MeshView } from "../../protocol/trust/member.ts";
import type { HostDns } from "../system/dns.ts";
import type { Log } from "../system/log.ts";
import { handleQuery, serverFailure } from "./answer.ts";
import { forwardQuery } from "./forward.ts";
import type { NameService } from "./name-service.ts";
import { type DnsServer, type QueryHandler, startDnsServer } from "./server.ts";
import { type Zone, zoneOf } from "./zone.ts";

export interface ResolverOptions {
  /** Makes the host ask at these addresses. */
  readonly wire: (addresses: readonly [string, ...string[]]) => Promise<HostDns>;
  /** 53 on a host. */
  readonly port: number;
  readonly log: Log;
}

const noZone: Zone = { domain: "invalid", names: new Map(), addresses: new Map(), ranges: [] };

export function createResolver({ wire, port, log }: ResolverOptions): NameService {
  let zone = noZone;
  let running: { readonly server: DnsServer; readonly host: HostDns | undefined } | undefined;
  const stop = async (): Promise<void> => {
    const stopping = running;
    running = undefined;
    // First the host's own servers again, then ours goes silent.
    await stopping?.host?.remove();
    await stopping?.server.close();
  };
  return {
    start: async ({ ip4, ip6 }) => {
      await stop();
      const addresses: [string, ...string[]] = ip4 === undefined ? [ip6] : [ip4, ip6];
      const handle: QueryHandler = async (query, from, over) => {
        const handling = handleQuery(zone, query, isLocal(from, addresses));
        if (handling.kind === "reply") return handling.packet;
        if (handling.kind === "drop") return undefined;
        const servers = (running?.host?.servers ?? []).filter((address) => !addresses.includes(address));
        const at = servers.map((address) => ({ address, port: 53 }));
        return (await forwardQuery(query, at, over)) ?? serverFailure(query);
      };
      const server = await startDnsServer(addresses, port, handle, (error) =>
        log("warn", "a DNS query was not answered", { cause: String(error) }),
      );
      running = { server, host: undefined };
      const [first, ...others] = server.addresses;
      if (first === undefined) throw new RangeError("a resolver has an address");
      running = { server, host: await wire([first, ...others]) };
    },
    update: (view: MeshView) => {
      zone = zoneOf(view);
    },
    stop,
  };
}

/** Linux gives a packet to one of the host's own addresses that address, or loopback, as its source. */
function isLocal(from: string, own: readonly string[]): boolean {
  return own.includes(from) || from.startsWith("127.") || from === "::1";
}
