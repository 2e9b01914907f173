// Ports, paths and sizes that several rooms agree on (architecture.md §5, life.md §8); the tunnel's own numbers live beside the tunnel.

/** UDP port of tunnels, probes and peer control. */
export const tunnelPort = 51820;
/** TCP port of the coordinator: WebSocket for control, relay and join. */
export const coordinatorPort = 8443;
/** Where WireGuard packets carry at most this many inner bytes: 1500 − 40 (IPv6) − 8 (UDP) − 32 (type 4), as wg-quick has it. */
export const tunnelMtu = 1420;
/** Addresses of a mesh unless its stack says otherwise (RFC 6598). */
export const defaultRange = "100.64.0.0/10";
/** Domain of names inside a mesh unless its stack says otherwise. */
export const defaultDomain = "mesh";
/** SSHSIG namespaces (protocol.md §5). */
export const signatureNamespaces = {
  lock: "lock@tunnelmesh",
  node: "node@tunnelmesh",
  token: "token@tunnelmesh",
} as const;
/** The largest body of one signed item, in bytes. */
export const signedItemLimit = 32 * 1024;
