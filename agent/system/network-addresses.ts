// The addresses of this host at which peers may reach the tunnel's socket, and those that lead into other tunnels.
import { networkInterfaces } from "node:os";
import { type Cidr, cidrAround } from "../../protocol/addresses/parse.ts";
import type { Endpoint } from "../../protocol/coordination/messages.ts";
import { isTunnelDevice } from "./tunnel-device.ts";

/** More are not reported: each costs every peer a probe. */
const limit = 16;

export interface HostAddresses {
  /** Own candidate endpoints: no loopback, no link-local, nothing of a tunnel. IPv6 only where the socket has it. */
  readonly endpoints: readonly Endpoint[];
  /** Ranges on the interfaces of tunnels, of the mesh and others: who is there is reached through one. */
  readonly tunnels: readonly Cidr[];
}

/** @param port of the tunnel's socket. @param own name of the mesh's interface */
export function readAddresses(port: number, dualStack: boolean, own: string): HostAddresses {
  const endpoints: Endpoint[] = [];
  const tunnels: Cidr[] = [];
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    const tunnel = name === own || isTunnelDevice(name);
    for (const { address, family, internal, cidr } of addresses) {
      if (internal || /^(169\.254\.|fe[89ab])/i.test(address)) continue;
      if (tunnel) tunnels.push(cidrAround(address, Number(cidr?.split("/")[1] ?? (family === "IPv4" ? 32 : 128))));
      else if (family === "IPv4" || dualStack) endpoints.push({ kind: "local", address, port });
    }
  }
  return { endpoints: endpoints.slice(0, limit), tunnels };
}
