// A TUN interface: inner packets of this host in and out, one per read and write.
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { Native } from "./native.ts";

const readWriteNonBlocking = 0x2 | 0x800 | 0x80000;
/** TUNSETIFF with IFF_TUN | IFF_NO_PI (linux/if_tun.h). */
const setInterface = 0x400454ca;
const tunWithoutHeader = 0x0001 | 0x1000;
const withVirtioHeader = 0x4000;
const withQueues = 0x0100;
/** EFD_NONBLOCK | EFD_CLOEXEC. */
const eventFlags = 0x800 | 0x80000;
const interrupted = 4;
const again = 11;
/** Packets taken before other work gets its turn. */
const batch = 64;
const longestPacket = 65536;
/** A wait in the pool never lasts longer, or the process could not end. */
const longestWait = 1000;

export interface TunHandlers {
  /** One inner packet; the bytes are valid until the call returns, with at least 16 spare ones behind them in the buffer. */
  readonly onPacket: (packet: Uint8Array) => void;
  /** The interface went away under us: nothing more will come. */
  readonly onGone: (reason: string) => void;
}

export interface Tun {
  /** False when the kernel took nothing: full, or not an IP packet. */
  write(packet: Uint8Array): boolean;
  /** Ends the wait, then closes; the interface vanishes with its descriptor. */
  close(): Promise<void>;
}

/** Opens interface `name` and starts reading. @throws TunnelMeshError TM_AGENT_NO_TUN */
export function openTun(native: Native, name: string, handlers: TunHandlers): Tun {
  const fd = openTunDevice(native, name, { virtioHeader: false });
  const wake = native.eventfd(0, eventFlags);
  if (wake < 0) {
    native.close(fd);
    throw new TunnelMeshError("TM_AGENT_NO_TUN", { detail: `eventfd failed with errno ${native.errno()}` });
  }
  let open = true;
  const finished = readUntil(native, fd, wake, handlers, () => open).finally(() => {
    native.close(fd);
    native.close(wake);
  });
  return {
    write(packet) {
      if (!open) return false;
      for (let tries = 0; tries < 3; tries += 1) {
        if (native.write(fd, packet, packet.length) === packet.length) return true;
        if (native.errno() !== interrupted) return false;
      }
      return false;
    },
    async close() {
      if (open) {
        open = false;
        native.write(wake, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), 8);
      }
      await finished;
    },
  };
}

/**
 * The descriptor of TUN interface `name`, which is made unless it is there. `virtioHeader`: each packet comes and goes behind a
 * struct virtio_net_hdr. `queues`: it is one queue of several, each with a descriptor (IFF_MULTI_QUEUE).
 * @throws TunnelMeshError TM_AGENT_NO_TUN
 */
export function openTunDevice(
  native: Native,
  name: string,
  { virtioHeader, queues = false }: { virtioHeader: boolean; queues?: boolean },
): number {
  if (!/^[a-z0-9._-]{1,15}$/.test(name)) {
    throw new TunnelMeshError("TM_AGENT_NO_TUN", { detail: `"${name}" cannot be an interface's name` });
  }
  const fd = native.open("/dev/net/tun", readWriteNonBlocking);
  if (fd < 0) throw new TunnelMeshError("TM_AGENT_NO_TUN", { detail: `open gave errno ${native.errno()}` });
  const request = Buffer.alloc(40);
  request.write(name, 0, "latin1");
  request.writeUInt16LE(tunWithoutHeader | (virtioHeader ? withVirtioHeader : 0) | (queues ? withQueues : 0), 16);
  if (native.ioctl(fd, setInterface, request) < 0) {
    const errno = native.errno();
    native.close(fd);
    throw new TunnelMeshError("TM_AGENT_NO_TUN", { detail: `interface ${name}: TUNSETIFF gave errno ${errno}` });
  }
  return fd;
}

async function readUntil(
  native: Native,
  fd: number,
  wake: number,
  handlers: TunHandlers,
  open: () => boolean,
): Promise<void> {
  const buffer = new Uint8Array(longestPacket + 64);
  const descriptors = Buffer.alloc(16);
  descriptors.writeInt32LE(fd, 0);
  descriptors.writeInt16LE(1, 4);
  descriptors.writeInt32LE(wake, 8);
  descriptors.writeInt16LE(1, 12);
  while (open()) {
    const outcome = readBatch(native, fd, buffer, handlers);
    if (outcome === "more") {
      await new Promise((resolve) => setImmediate(resolve));
    } else if (outcome === "empty") {
      // A poll that fails at once would spin: whatever it is, the descriptor is of no more use.
      if ((await native.poll(descriptors, 2, longestWait)) < 0 && open()) {
        handlers.onGone("poll failed");
        return;
      }
    } else {
      handlers.onGone(outcome);
      return;
    }
  }
}

function readBatch(native: Native, fd: number, buffer: Uint8Array, handlers: TunHandlers): "more" | "empty" | string {
  for (let count = 0; count < batch; count += 1) {
    const length = native.read(fd, buffer, longestPacket);
    if (length > 0) {
      handlers.onPacket(buffer.subarray(0, length));
      continue;
    }
    if (length === 0) return "empty";
    const errno = native.errno();
    if (errno === again) return "empty";
    if (errno !== interrupted) return `errno ${errno}`;
  }
  return "more";
}
