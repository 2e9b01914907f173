// The addresses of this host at which peers may reach the tunnel's socket.
import { networkInterfaces } from "node:os";
import type { Endpoint } from "../../protocol/coordination/messages.ts";

/** More are not reported: each costs every peer a probe. */
const limit = 16;

/** Own candidate endpoints: no loopback, no link-local, no mesh interface. IPv6 only where the socket has it. */
export function readEndpoints(port: number, dualStack: boolean): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (name === "lo" || /^tm\d/.test(name)) continue;
    for (const { address, family, internal } of addresses ?? []) {
      if (internal || /^(169\.254\.|fe[89ab])/i.test(address)) continue;
      if (family === "IPv6" && !dualStack) continue;
      endpoints.push({ kind: "local", address, port });
    }
  }
  return endpoints.slice(0, limit);
}
