// The key table: replay, expiry, forged packets and wiping.
import { beforeEach, describe, expect, it } from "vitest";
import { type InstalledKeys, KeyTable } from "../../../agent/dataplane/keys.ts";
import { parseNodeId } from "../../../protocol/brand.ts";
import { classify } from "../../../protocol/wireguard/classify.ts";
import { tunnelProfile } from "../../../protocol/wireguard/profile.ts";

const peer = parseNodeId("a".repeat(64));
let table: KeyTable;
let keys: InstalledKeys;

beforeEach(() => {
  table = new KeyTable(tunnelProfile);
  // One key for both directions, so that a table can open what it sealed.
  const [send, receive] = [new Uint8Array(32).fill(9), new Uint8Array(32).fill(9)];
  keys = { peer, localIndex: 7, remoteIndex: 7, keys: { send, receive }, expiresAt: 1_000 };
  table.install(keys);
  table.select(peer, 7);
});

function open(message: Uint8Array, now = 0): unknown {
  const data = classify(message);
  if (data.kind !== "data") throw new Error(`expected data, not ${data.kind}`);
  const opened = table.open(message, data.receiverIndex, data.counter, now);
  return opened.ok ? Buffer.from(opened.plaintext).toString() : opened.reason;
}

describe("a key table", () => {
  it("opens each packet once, in any order", () => {
    const messages = ["one", "two", "three"].map((text) => table.seal(peer, Buffer.from(text), 0)!.message);
    expect(messages.toReversed().map((message) => open(message))).toEqual(["three", "two", "one"]);
    expect(messages.map((message) => open(message))).toEqual(["replay", "replay", "replay"]);
  });

  it("is not moved by a forged counter", () => {
    const { message } = table.seal(peer, Buffer.from("real"), 0)!;
    const forged = Uint8Array.from(message);
    forged[12] = 200;
    expect(open(forged)).toBe("authentication");
    expect(open(message)).toBe("real");
  });

  it("neither seals nor opens from its expiry on", () => {
    const { message } = table.seal(peer, Buffer.from("late"), 999)!;
    expect(table.seal(peer, Buffer.from("later"), 1_000)).toBeUndefined();
    expect(open(message, 1_000)).toBe("expiredKey");
  });

  it("wipes what it removes and seals with it no more", () => {
    const { message } = table.seal(peer, Buffer.from("gone"), 0)!;
    table.remove(7);
    expect(table.seal(peer, Buffer.from("x"), 0)).toBeUndefined();
    expect(open(message)).toBe("unknownIndex");
    expect([...keys.keys.send, ...keys.keys.receive].every((byte) => byte === 0)).toBe(true);
  });
});
