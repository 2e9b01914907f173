// Error catalogue: what can go wrong around hosts made on this machine.
import type { ErrorEntry } from "./entry.ts";

export const localErrors = {
  TM_LOCAL_UNSUPPORTED: {
    title: "This machine cannot make local hosts",
    cause: "Local hosts are systemd containers on an overlay of this machine, and something they need is missing.",
    advice: [
      "Install what is missing, or use SshHost: it works with any machine that answers SSH.",
      "An unprivileged container cannot make hosts: run tm on a machine or a virtual machine, as root.",
    ],
  },
  TM_LOCAL_START: {
    title: "A local host could not be made",
    cause: "A step of making its root, its network or its container failed.",
    advice: ["Read the cause, then run it again: half-made hosts are taken away first."],
  },
  TM_LOCAL_NO_SSH: {
    title: "A local host did not answer SSH in time",
    cause: "The container was started, but its sshd sent no banner within 30 seconds.",
    advice: ["Read the last lines of its log above.", "Run it again on a machine with less to do."],
  },
  TM_LOCAL_CHANGED: {
    title: "A running local host differs from what the stack asks for",
    cause: "NAT and internet access of a local host are fixed when it is made.",
    advice: ["Remove the host with tm local down, then run it again."],
  },
  TM_LOCAL_FULL: {
    title: "There is no room for another local host",
    cause: "Every address of the range, or of the network's /24, is in use.",
    advice: ["Remove hosts that are no longer needed: tm local list, then tm local down."],
  },
  TM_LOCAL_BUSY: {
    title: "Another tm is changing local hosts right now",
    cause: "It holds the lock of the state folder and is still running.",
    advice: ["Wait for it to end, then run it again."],
  },
  TM_LOCAL_REMOVE: {
    title: "A local host could not be removed completely",
    cause: "Something still holds its mount, its namespace or its processes.",
    advice: ["Run tm doctor --fix: it goes on where this stopped."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
