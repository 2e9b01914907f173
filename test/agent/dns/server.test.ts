// The DNS listener and the forwarder against senders and networks that misbehave: nothing of it may end the process.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { forwardQuery } from "../../../agent/dns/forward.ts";
import { replyTo, startDnsServer } from "../../../agent/dns/server.ts";

const query = Buffer.alloc(12, 1);
const failures: unknown[] = [];
const note = (error: unknown): void => {
  failures.push(error);
};

afterEach(() => {
  failures.length = 0;
});

describe("the DNS listener", () => {
  it("answers nobody at port 0, which a datagram may claim to come from", async () => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    expect(replyTo(socket, query, 0, "127.0.0.1")).toBe(false);
    socket.close();
  });

  it("drops an answer that is ready only after it was closed", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Buffer>();
    const handle = async (): Promise<Buffer> => {
      asked.resolve();
      return await answer.promise;
    };
    process.once("unhandledRejection", note);
    const server = await startDnsServer(["127.0.0.1"], 0, handle, note);
    const client = createSocket("udp4");
    client.send(query, server.port, "127.0.0.1");
    await asked.promise;
    await server.close();
    answer.resolve(query);
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.close();
    process.removeListener("unhandledRejection", note);
    expect(failures).toEqual([]);
  });
});

describe("an IPv6 address that the host does not have", () => {
  const nowhere = "fd00:dead::53";

  it("is left out where an IPv4 address is there, which then answers", async () => {
    const server = await startDnsServer(["127.0.0.1", nowhere], 0, async () => query, note);
    expect(server.addresses).toEqual(["127.0.0.1"]);
    const client = createSocket("udp4");
    client.send(query, server.port, "127.0.0.1");
    const [answer] = await once(client, "message");
    expect(answer).toEqual(query);
    client.close();
    await server.close();
  });

  it("is an error where it is the only one", async () => {
    await expect(startDnsServer([nowhere], 0, async () => query, note)).rejects.toThrow();
  });
});

describe("the forwarder", () => {
  it("goes on to the next server when the network refuses to reach one", async () => {
    process.once("uncaughtException", note);
    // Connecting to the broadcast address is refused by the kernel at once, as an unreachable network is.
    const answer = await forwardQuery(query, [{ address: "255.255.255.255", port: 53 }], "udp");
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.removeListener("uncaughtException", note);
    expect(answer).toBeUndefined();
    expect(failures).toEqual([]);
  });
});
