// The UDP socket: both families through one port, refusal of a taken port, nothing after close.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { DirectPath } from "../../../agent/transport/path.ts";
import { openUdp, type Udp } from "../../../agent/transport/udp.ts";

const open: Udp[] = [];

async function socket(onDatagram: (datagram: Uint8Array, path: DirectPath) => void = () => undefined): Promise<Udp> {
  const udp = await openUdp(0, { onDatagram, onSendError: () => undefined });
  open.push(udp);
  return udp;
}

afterEach(async () => {
  for (const udp of open.splice(0)) await udp.close();
});

describe("the tunnel's socket", () => {
  it("carries IPv4, with plain addresses in both directions", async () => {
    const got = Promise.withResolvers<DirectPath>();
    const receiver = await socket((_datagram, path) => got.resolve(path));
    const sender = await socket();
    expect(sender.send(Uint8Array.of(1, 2, 3), { kind: "direct", address: "127.0.0.1", port: receiver.port })).toBe(
      true,
    );
    expect(await got.promise).toEqual({ kind: "direct", address: "127.0.0.1", port: sender.port });
  });

  it("refuses a port that is taken, with a code", async () => {
    const holder = createSocket("udp6");
    holder.bind(0);
    await once(holder, "listening");
    const handlers = { onDatagram: () => undefined, onSendError: () => undefined };
    await expect(openUdp(holder.address().port, handlers)).rejects.toMatchObject({ code: "TM_AGENT_PORT_IN_USE" });
    holder.close();
  });

  it("sends nothing to port 0, which a datagram may claim to come from", async () => {
    const udp = await socket();
    expect(udp.send(Uint8Array.of(1), { kind: "direct", address: "127.0.0.1", port: 0 })).toBe(false);
  });

  it("sends nothing after it is closed, and closes twice without complaint", async () => {
    const udp = await socket();
    await udp.close();
    await udp.close();
    expect(udp.send(Uint8Array.of(1), { kind: "direct", address: "127.0.0.1", port: 9 })).toBe(false);
  });
});
