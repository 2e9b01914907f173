// Error catalogue: what can go wrong around agent.
import type { ErrorEntry } from "./entry.ts";

export const agentErrors = {
  TM_AGENT_NO_KOFFI: {
    title: "The agent's native library does not load",
    cause: "Opening a TUN device is a system call, and the library that makes it is missing or for another machine.",
    advice: ["Deploy again: the release carries the library for each architecture."],
  },
  TM_AGENT_NO_TUN: {
    title: "The TUN device cannot be opened",
    cause: "/dev/net/tun is missing or closed to this process, or the interface belongs to another one.",
    advice: ["Load the module: modprobe tun", "In a container, pass /dev/net/tun and CAP_NET_ADMIN to it."],
  },
  TM_AGENT_PORT_IN_USE: {
    title: "The tunnel's UDP port is in use",
    cause: "Another program on this host listens on the port that the mesh was given.",
    advice: ["See who: ss -ulpn", "Give the mesh another port in the stack file."],
  },
  TM_AGENT_RANGE_CLASH: {
    title: "The mesh's addresses are in use on this host",
    cause: "A route of this host overlaps the mesh's range, so packets would go the wrong way.",
    advice: ['Choose another range: new Mesh({ range: "10.123.0.0/16" }).', "See the routes: ip route show table all"],
  },
  TM_AGENT_NETWORK: {
    title: "The interface could not be set up",
    cause: "The command ip refused a step.",
    advice: ["Run the agent as root with CAP_NET_ADMIN.", "Check that iproute2 is installed."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
