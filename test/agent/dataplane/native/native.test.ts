// A native data plane that cannot start: the reason comes through the thread, and nothing is held afterwards.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, it } from "vitest";
import { offloadNames } from "../../../../agent/dataplane/native/offloads.ts";
import { openNative } from "../../../../agent/dataplane/native.ts";
import { hostClock } from "../../../../agent/system/clock.ts";
import { bindNative } from "../../../../agent/system/native.ts";

async function open(udpPort: number, threads: number): Promise<unknown> {
  const native = bindNative();
  const nothing = (): void => undefined;
  return await openNative({
    native,
    clock: hostClock(native),
    // No interface can be called so, whoever asks.
    interface: "Not A Name",
    mtu: 1420,
    udpPort,
    relay: () => false,
    events: {
      onDatagram: nothing,
      onUnsent: nothing,
      onReceived: nothing,
      onSent: nothing,
      onInterfaceGone: nothing,
    },
    offloads: new Set(offloadNames),
    threads,
    log: nothing,
    onFailed: nothing,
  });
}

it.each([
  [1, false],
  [3, true],
])(
  "says so with the code of the reason, and leaves the port to the next try (%d threads, shared: %s)",
  async (threads, reusePort) => {
    const holder = createSocket({ type: "udp6", reusePort });
    holder.bind(0);
    await once(holder, "listening");
    const { port } = holder.address();
    await expect(open(port, threads)).rejects.toMatchObject({ code: "TM_AGENT_PORT_IN_USE" });
    await new Promise<void>((resolve) => holder.close(() => resolve()));
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(open(port, threads)).rejects.toMatchObject({ code: "TM_AGENT_NO_TUN" });
    }
  },
);
