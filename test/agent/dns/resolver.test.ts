// The resolver on real sockets: UDP and TCP, forwarding to the servers of the host, limits.
import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";
import { decode, encode, type Packet } from "dns-packet";
import { afterEach, describe, expect, it } from "vitest";
import { forwardQuery, withLength } from "../../../agent/dns/forward.ts";
import { createResolver } from "../../../agent/dns/resolver.ts";
import { startDnsServer } from "../../../agent/dns/server.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { grantItem, now, openedView, party } from "../../protocol/trust/mesh.ts";

const quiet = (): void => undefined;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const question = (name: string): Buffer =>
  encode({ type: "query", id: 7, questions: [{ name, type: "A", class: "IN" }] });
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

const answers = (packet: Buffer | undefined): unknown => packet && (decode(packet) as Packet).answers;

/** A server as a host has it: knows one address for everything. */
async function upstream(): Promise<number> {
  const server = await startDnsServer(
    ["127.0.0.1"],
    0,
    async (query) => {
      const { id = 0, questions = [] } = decode(query);
      const name = questions[0]?.name ?? "";
      return encode({ type: "response", id, questions, answers: [{ type: "A", name, ttl: 1, data: "198.18.9.9" }] });
    },
    quiet,
  );
  cleanups.push(() => server.close());
  return server.port;
}

describe("the resolver on sockets", () => {
  it("answers for members over UDP and TCP, and fails others when no server answers", async () => {
    const opened = openedView();
    const wired: string[] = [];
    const port = await freePort();
    const wire = async (addresses: readonly string[]) => {
      wired.push(...addresses);
      return { servers: [], remove: async () => void wired.push("removed") };
    };
    const names = createResolver({ port, wire, log: () => undefined });
    cleanups.push(() => names.stop());
    await names.start({ ip4: "127.0.0.1" as never, ip6: "::1" as never });
    names.update(applyItems(opened, [grantItem(opened, party("beta"))], now).view);
    for (const address of ["127.0.0.1", "::1"]) {
      for (const over of ["udp", "tcp"] as const) {
        const packet = await forwardQuery(question("beta.mesh"), [{ address, port }], over);
        expect(answers(packet)).toMatchObject([{ data: "100.64.0.1" }]);
      }
    }
    const other = await forwardQuery(question("example.org"), [{ address: "127.0.0.1", port }], "udp");
    expect(decode(other!)).toMatchObject({ rcode: "SERVFAIL" });
    await names.stop();
    expect(wired).toEqual(["127.0.0.1", "::1", "removed"]);
  });

  it("forwards over UDP and TCP, past a server that is silent", async () => {
    const port = await upstream();
    const silent = createSocket("udp4");
    await new Promise<void>((resolve) => silent.bind(0, "127.0.0.1", () => resolve()));
    cleanups.push(() => silent.close());
    const servers = [
      { address: "127.0.0.1", port: silent.address().port },
      { address: "127.0.0.1", port },
    ];
    expect(answers(await forwardQuery(question("example.org"), servers, "udp"))).toMatchObject([
      { data: "198.18.9.9" },
    ]);
    expect(answers(await forwardQuery(question("example.org"), servers, "tcp"))).toMatchObject([
      { data: "198.18.9.9" },
    ]);
    expect(await forwardQuery(question("example.org"), [], "udp")).toBeUndefined();
  });

  it("takes no answer with another id", async () => {
    const liar = createSocket("udp4", (query, { port, address }) => {
      const { questions = [] } = decode(query);
      liar.send(encode({ type: "response", id: 8, questions }), port, address);
    });
    await new Promise<void>((resolve) => liar.bind(0, "127.0.0.1", () => resolve()));
    cleanups.push(() => liar.close());
    const servers = [{ address: "127.0.0.1", port: liar.address().port }];
    expect(await forwardQuery(question("example.org"), servers, "udp")).toBeUndefined();
  });

  it("serves several queries on one TCP connection, also in pieces, and closes on more than a message", async () => {
    const port = await upstream();
    const socket = connect({ host: "127.0.0.1", port });
    cleanups.push(() => socket.destroy());
    const two = Buffer.concat([withLength(question("a.org")), withLength(question("b.org"))]);
    for (let index = 0; index < two.length; index += 7) socket.write(two.subarray(index, index + 7));
    let received = Buffer.alloc(0);
    await new Promise<void>((resolve) => {
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (received.length > 2 + received.readUInt16BE(0) + 2) resolve();
      });
    });
    expect(answers(received.subarray(2, 2 + received.readUInt16BE(0)))).toMatchObject([{ name: "a.org" }]);
    const flood = connect({ host: "127.0.0.1", port });
    flood.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => flood.once("close", () => resolve()));
    flood.write(Buffer.alloc(400_000, 0xff));
    await closed;
  });

  it("cuts a long answer on UDP, so that the asker comes over TCP", async () => {
    const server = await startDnsServer(
      ["127.0.0.1"],
      0,
      async (query) => {
        const { id = 0, questions = [] } = decode(query);
        const long = Array.from({ length: 100 }, () => ({
          type: "A" as const,
          name: "long.org",
          ttl: 1,
          data: "198.18.0.1",
        }));
        return encode({ type: "response", id, questions, answers: long });
      },
      quiet,
    );
    cleanups.push(() => server.close());
    const at = [{ address: "127.0.0.1", port: server.port }];
    const over = async (kind: "udp" | "tcp") => decode((await forwardQuery(question("long.org"), at, kind))!);
    expect(await over("udp")).toMatchObject({ flag_tc: true, answers: [] });
    expect((await over("tcp")).answers).toHaveLength(100);
  });

  it("says when its address is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", () => resolve()));
    cleanups.push(() => taken.close());
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(startDnsServer(["127.0.0.1"], port, async () => undefined, quiet)).rejects.toThrow("EADDRINUSE");
  });
});
