// Opens what the data plane's threads work on: queues of the TUN device with its offloads, and UDP sockets of one port.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Native } from "../../system/native.ts";
import type { NativeCalls } from "../../system/native-calls.ts";
import { openTunDevice } from "../../system/tun.ts";
import type { Arena } from "./arena.ts";
import { layout } from "./layout.ts";
import type { OffloadRegister } from "./offloads.ts";
import { attachSteering } from "./steering.ts";

const setOffload = 0x400454d0;
/** TUN_F_CSUM, TSO4, TSO6; USO4, USO6 (linux/if_tun.h). */
const tsoBits = 0x1 | 0x2 | 0x4;
const usoBits = 0x20 | 0x40;

/**
 * Opens the interface with so many queues, each a descriptor; offloads, which are the device's, go off where the kernel refuses them.
 * @throws TunnelMeshError TM_AGENT_NO_TUN
 */
export function openQueues(
  native: Native,
  calls: NativeCalls,
  offloads: OffloadRegister,
  name: string,
  count: number,
): number[] {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(openTunDevice(native, name, { virtioHeader: true, queues: count > 1 }));
  } catch (error) {
    for (const fd of opened) calls.close(fd);
    throw error;
  }
  setOffloads(calls, offloads, opened[0]!);
  return opened;
}

function setOffloads(calls: NativeCalls, offloads: OffloadRegister, fd: number): void {
  const wish = (): number => (offloads.isOn("tso") ? tsoBits : 0) | (offloads.isOn("uso") ? usoBits : 0);
  if (!offloads.isOn("tso")) offloads.turnOff("uso", "tso is off");
  if (offloads.isOn("uso") && calls.ioctl(fd, setOffload, wish()) < 0) {
    offloads.turnOff("uso", `TUNSETOFFLOAD gave errno ${calls.errno()}`);
    // Kernels that cannot split UDP on a TUN device cannot take joined UDP either.
    offloads.turnOff("join-udp", "the kernel has no UDP segmentation on TUN devices");
  }
  if (calls.ioctl(fd, setOffload, wish()) < 0) {
    offloads.turnOff("tso", `TUNSETOFFLOAD gave errno ${calls.errno()}`);
    calls.ioctl(fd, setOffload, 0);
  }
}

export interface OpenSocket {
  readonly fd: number;
  readonly port: number;
  readonly dualStack: boolean;
}

const inet = 2;
const inet6 = 10;
/** SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC. */
const datagrams = 2 | 0x800 | 0x80000;
const solSocket = 1;
const reusePort = 15;
const solUdp = 17;
const ipv6 = 41;
const ipv4 = 0;
const receiveTos = 13;
const receiveTrafficClass = 66;
const ipv6Only = 26;
const receiveBufferForce = 33;
const sendBufferForce = 32;
const receiveBuffer = 8;
const sendBuffer = 7;
const udpSegment = 103;
const udpGro = 104;
const bufferBytes = 7 << 20;
const noFamily = 97;
const noAddress = 99;

/** Binds `port` on every address of both families, or of IPv4 alone. @throws TunnelMeshError TM_AGENT_PORT_IN_USE */
export function openSocket(calls: NativeCalls, arena: Arena, offloads: OffloadRegister, port: number): OpenSocket {
  const six = bindSocket(calls, arena, port, true);
  const code = six < 0 ? -six : 0;
  // Hosts without IPv6 say one of these; the tunnel then speaks IPv4 alone.
  if (code !== 0 && code !== noFamily && code !== noAddress) throw refused(port, code);
  const fd = code === 0 ? six : bindSocket(calls, arena, port, false);
  if (fd < 0) throw refused(port, -fd);
  setOptions(calls, arena, offloads, fd, code === 0);
  arena.words[layout.nameLength >>> 2] = 28;
  calls.getsockname(fd, arena.base + layout.name, arena.base + layout.nameLength);
  return { fd, port: arena.view.getUint16(layout.name + 2), dualStack: code === 0 };
}

export interface OpenSockets extends Omit<OpenSocket, "fd"> {
  /** Socket `i` gets the datagrams of thread `i`. */
  readonly fds: readonly number[];
}

/**
 * So many sockets of one port, with the program that steers between them. The first is bound alone, so a port that somebody else
 * has is refused; only then it lets others of this user in. The kernel numbers them in the order in which they are bound.
 * @throws TunnelMeshError TM_AGENT_PORT_IN_USE
 * @throws Error where the kernel refuses the sharing
 */
export function openSockets(
  calls: NativeCalls,
  arena: Arena,
  offloads: OffloadRegister,
  port: number,
  count: number,
): OpenSockets {
  const first = openSocket(calls, arena, offloads, port);
  const { port: bound, dualStack } = first;
  const fds = [first.fd];
  if (count === 1) return { fds, port: bound, dualStack };
  const fail = (what: string): Error => {
    const code = calls.errno();
    for (const fd of fds) calls.close(fd);
    return new Error(`${what} gave errno ${code}`);
  };
  if (!setOption(calls, arena, first.fd, solSocket, reusePort, 1)) throw fail("SO_REUSEPORT");
  while (fds.length < count) {
    const fd = bindSocket(calls, arena, bound, dualStack, true);
    if (fd < 0) throw fail("bind of a further socket");
    fds.push(fd);
    setOptions(calls, arena, offloads, fd, dualStack);
  }
  if (!attachSteering(calls, arena, first.fd, count)) throw fail("SO_ATTACH_REUSEPORT_CBPF");
  return { fds, port: bound, dualStack };
}

/** Buffers and offloads of a socket. */
function setOptions(calls: NativeCalls, arena: Arena, offloads: OffloadRegister, fd: number, dualStack: boolean): void {
  const option = (level: number, name: number, value: number): boolean =>
    setOption(calls, arena, fd, level, name, value);
  if (!option(solSocket, receiveBufferForce, bufferBytes)) option(solSocket, receiveBuffer, bufferBytes);
  if (!option(solSocket, sendBufferForce, bufferBytes)) option(solSocket, sendBuffer, bufferBytes);
  if (offloads.isOn("udp-gro") && !option(solUdp, udpGro, 1)) {
    offloads.turnOff("udp-gro", `UDP_GRO gave errno ${calls.errno()}`);
  }
  // 0 asks for nothing; kernels without it refuse.
  if (offloads.isOn("udp-segment") && !option(solUdp, udpSegment, 0)) {
    offloads.turnOff("udp-segment", `UDP_SEGMENT gave errno ${calls.errno()}`);
  }
  // Marks of datagrams that came in: those of IPv4 on their own, also where one socket is for both families.
  const marks = (four: boolean): boolean => option(four ? ipv4 : ipv6, four ? receiveTos : receiveTrafficClass, 1);
  if (offloads.isOn("ecn") && !(marks(true) && (!dualStack || marks(false)))) {
    offloads.turnOff("ecn", `IP_RECVTOS or IPV6_RECVTCLASS gave errno ${calls.errno()}`);
  }
}

/** The descriptor, or the negative errno. */
function bindSocket(calls: NativeCalls, arena: Arena, port: number, six: boolean, shared = false): number {
  const fd = calls.socket(six ? inet6 : inet, datagrams, 0);
  if (fd < 0) return -calls.errno();
  if (six) setOption(calls, arena, fd, ipv6, ipv6Only, 0);
  if (shared) setOption(calls, arena, fd, solSocket, reusePort, 1);
  arena.bytes.fill(0, layout.name, layout.name + 28);
  arena.view.setUint16(layout.name, six ? inet6 : inet, true);
  arena.view.setUint16(layout.name + 2, port);
  if (calls.bind(fd, arena.base + layout.name, six ? 28 : 16) === 0) return fd;
  const code = calls.errno();
  calls.close(fd);
  return -code;
}

function setOption(
  calls: NativeCalls,
  arena: Arena,
  fd: number,
  level: number,
  option: number,
  value: number,
): boolean {
  arena.view.setInt32(layout.smallInteger, value, true);
  return calls.setsockopt(fd, level, option, arena.base + layout.smallInteger, 4) === 0;
}

function refused(port: number, code: number): TunnelMeshError {
  return new TunnelMeshError("TM_AGENT_PORT_IN_USE", { detail: `UDP ${port}: bind gave errno ${code}` });
}
