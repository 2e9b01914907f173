// Error catalogue: what can go wrong around installing on a host.
import type { ErrorEntry } from "./entry.ts";

export const installErrors = {
  TM_INSTALL_ARCHITECTURE: {
    title: "The host's processor is not supported",
    cause: "Releases are made for 64-bit Intel and AMD (x64) and 64-bit ARM (arm64).",
    advice: ["Use another machine for this node."],
  },
  TM_INSTALL_NO_SYSTEMD: {
    title: "systemd does not run on this host",
    cause: "The services are systemd units.",
    advice: ["Use a host that boots with systemd, such as Debian, Ubuntu or Fedora."],
  },
  TM_INSTALL_NO_TUN: {
    title: "The host has no usable TUN device",
    cause: "/dev/net/tun is missing or may not be opened, so there can be no interface for the mesh.",
    advice: ["Load the module on the host: modprobe tun", "In a container, pass /dev/net/tun and CAP_NET_ADMIN to it."],
  },
  TM_INSTALL_LIBC: {
    title: "The host's C library is too old or another one",
    cause: "The Node that is installed with a release needs glibc 2.28 or newer.",
    advice: ["Upgrade the host, to Debian 10 or what is as new."],
  },
  TM_INSTALL_TOOLS: {
    title: "Programs that installing needs are missing on the host",
    cause: "A very small system leaves them out.",
    advice: ["Install them on the host with its package manager."],
  },
  TM_INSTALL_READ_ONLY: {
    title: "/opt cannot be written on this host",
    cause: "Releases are kept in /opt/tunnelmesh, and /opt is on a file system that is mounted read-only.",
    advice: [
      "Put a writable folder there: mkdir -p /var/opt && mount --bind /var/opt /opt",
      "And for the next boot, in /etc/fstab: /var/opt /opt none bind 0 0",
    ],
  },
  TM_INSTALL_NO_EXEC: {
    title: "Programs below /opt cannot run on this host",
    cause: "/opt is on a file system that is mounted with noexec.",
    advice: ["Mount it without noexec: mount -o remount,exec /opt", "And take noexec out of its line in /etc/fstab."],
  },
  TM_INSTALL_DISK_FULL: {
    title: "There is not enough room on the host's disk",
    cause: "A release is unpacked beside the one in use before it takes its place.",
    advice: ["Make room on the host, then run it again."],
  },
  TM_INSTALL_OTHER_MESH: {
    title: "Another mesh of this name is installed on the host",
    cause: "Its mesh id is not the one of this project's mesh file.",
    advice: [
      "If the mesh file was lost, get it back from git or from a colleague.",
      "If the host should leave that mesh: run tm destroy where that mesh is at home.",
    ],
  },
  TM_INSTALL_RANGE_CLASH: {
    title: "The mesh's addresses are in use on the host",
    cause: "A route of the host overlaps the mesh's range, so packets would go the wrong way.",
    advice: [
      'Choose another range for a new mesh: new Mesh({ range: "10.123.0.0/16" }).',
      "See the routes on the host: ip route show table all",
    ],
  },
  TM_INSTALL_NO_SECRET: {
    title: "The network secret is not on the coordinator's host",
    cause: "It is made there when the mesh is deployed first, and every other host gets it from there.",
    advice: ["Run tm deploy: it makes what is missing."],
  },
  TM_INSTALL_SERVICE: {
    title: "A service did not start on the host",
    cause: "It ended or did not report that it is ready; its last log lines are shown.",
    advice: ["Read its log on the host: journalctl -u 'tunnelmesh-*' -n 50", "Mend the cause and run it again."],
  },
  TM_INSTALL_FACTS: {
    title: "What the host said about itself was not understood",
    cause: "The answer is incomplete or has another form.",
    advice: ["Run it again with --verbose and report what it prints."],
  },
  TM_INSTALL_REPLY: {
    title: "A service on the host gave an answer that was not understood",
    cause: "It is of another release, or it stopped while it answered.",
    advice: ["Run tm deploy, so that all hosts have the same release."],
  },
  TM_INSTALL_REFUSED: {
    title: "A service on the host refused the request",
    cause: "Its reason is shown.",
    advice: ["Read its log on the host: journalctl -u 'tunnelmesh-*' -n 50"],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
