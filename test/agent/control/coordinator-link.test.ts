// The link to a coordinator where what the map says cannot be used, or the coordinator says more than anybody can take: neither may end the agent.
import { afterEach, describe, expect, it } from "vitest";
import { CoordinatorLink, type LinkOptions } from "../../../agent/control/coordinator-link.ts";
import { keyPairOf } from "../../../protocol/noise/primitives.ts";
import { type Liar, startLiar } from "../main/liar.ts";

const links: CoordinatorLink[] = [];
const liars: Liar[] = [];
const meshId = "cd".repeat(32);
const coordinator = keyPairOf(Buffer.alloc(32, 8));

function linkTo(urls: readonly string[], more: Partial<LinkOptions> = {}): CoordinatorLink {
  const link = new CoordinatorLink({
    nid: "ab".repeat(32) as never,
    meshId: meshId as never,
    ctl: keyPairOf(Buffer.alloc(32, 7)),
    release: "test",
    log: () => undefined,
    coordinator: () => ({ key: coordinator.publicKey, urls }),
    head: () => ({ seq: 0, hash: "00".repeat(32) }),
    ownKeys: () => undefined,
    onItems: async () => undefined,
    onPresence: () => undefined,
    onRelayed: () => undefined,
    onRelayChanged: () => undefined,
    onNotice: () => undefined,
    ...more,
  });
  links.push(link);
  return link;
}

afterEach(() => {
  for (const link of links.splice(0)) link.stop();
  for (const liar of liars.splice(0)) liar.close();
});

describe("an address of the coordinator that is none", () => {
  it("is an error in status, and the next one is tried", () => {
    for (const url of ["ws://[", "ws://host/#part", "ws://host:99999"]) {
      const link = linkTo([url]);
      expect(() => link.start(), url).not.toThrow();
      expect(link.status).toMatchObject({ state: "connecting", url, error: expect.any(String) });
      expect(link.counters.failures).toBe(1);
    }
  });
});

describe("a coordinator that says more than the agent can verify", () => {
  it("is not read on until what came is done, and then nothing is lost or out of order", async () => {
    const liar = await startLiar(coordinator, meshId);
    liars.push(liar);
    const { promise: verified, resolve: verify } = Promise.withResolvers<void>();
    const taken: number[] = [];
    const link = linkTo([liar.url], {
      onItems: async ([item]) => {
        await verified;
        taken.push(Number.parseInt(item?.body ?? "", 10));
      },
    });
    link.start();
    await expect.poll(() => liar.heard.length).toBeGreaterThan(0);
    // More than the kernel keeps for both ends of a connection.
    const messages = Array.from({ length: 480 }, (_, number) => number);
    for (const number of messages) {
      const item = { body: `${number} `.padEnd(8_000, "x"), sigs: ["none"] };
      liar.send("items", { items: Array.from({ length: 7 }, () => item), mapVersion: number, last: true });
    }
    const sent = liar.unread();
    let [unread, unchanged] = [sent, 0];
    const look = (): number => {
      const now = liar.unread();
      unchanged = now === unread ? unchanged + 1 : 0;
      unread = now;
      return unchanged;
    };
    await expect.poll(look, { interval: 50, timeout: 15_000 }).toBeGreaterThan(8);
    expect(taken).toEqual([]);
    expect(unread).toBeGreaterThan(sent / 4);
    verify();
    await expect.poll(() => taken.length, { timeout: 15_000 }).toBe(messages.length);
    expect(taken).toEqual(messages);
  });
});
