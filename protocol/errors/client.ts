// Error catalogue: what can go wrong around stock WireGuard clients.
import type { ErrorEntry } from "./entry.ts";

export const clientErrors = {
  TM_CLIENT_GATEWAY: {
    title: "This cannot be a client's gateway",
    cause: "A gateway is a node of the mesh whose agent has signed its keys; clients are not.",
    advice: ["See the members: tm status", "Name another one with --via."],
    exitCode: 64,
  },
  TM_CLIENT_NO_ENDPOINT: {
    title: "Clients could not find this gateway",
    cause:
      "A stock client knows one address of its gateway and no relay, so it must be one that it reaches from anywhere.",
    advice: ["Say where clients find it with --endpoint.", "Or name another gateway with --via."],
    exitCode: 64,
  },
  TM_CLIENT_OLD_RELEASE: {
    title: "A host that must know clients runs a release that does not",
    cause: "The coordinator would refuse the client's grant, or the gateway would not take the client.",
    advice: ["Run tm deploy first, so that all hosts have this release."],
  },
  TM_CLIENT_KEY: {
    title: "This cannot be a client's public key",
    cause: "It is not one as wg pubkey prints it, or another member has it.",
    advice: [
      "Make a new one on the device: wg genkey, then wg pubkey",
      "Or leave --public-key out: then tm makes the key pair.",
    ],
    exitCode: 64,
  },
  TM_CLIENT_FIELD: {
    title: "A client cannot be made like this",
    cause: "Names and groups are one DNS label each; an endpoint is an address or name with a port.",
    advice: ["See what is asked for: tm client add --help"],
    exitCode: 64,
  },
  TM_CLIENT_FILE: {
    title: "A file of that name is there already, and it is something else",
    cause: "A configuration is only written over an older one of the same client, mesh and gateway.",
    advice: ["Move the file away, or choose another folder with --out."],
  },
  TM_CLIENT_UNKNOWN: {
    title: "The mesh has no such client",
    cause: "No client of this mesh has that name.",
    advice: ["See the names: tm client list"],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
