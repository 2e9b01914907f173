// Datagrams on a thread whose they are not: what is handed over, what is held, what is nobody's; and which keys lie where.
import { beforeEach, describe, expect, it } from "vitest";
import { makeArena } from "../../../../agent/dataplane/native/arena.ts";
import { layout } from "../../../../agent/dataplane/native/layout.ts";
import { Peers } from "../../../../agent/dataplane/native/peers.ts";
import { makeSharedCounter } from "../../../../agent/dataplane/native/shared-counter.ts";
import { SocketAddresses } from "../../../../agent/dataplane/native/socket-address.ts";
import { Strays } from "../../../../agent/dataplane/native/strays.ts";
import { makeTallies, readTallies } from "../../../../agent/dataplane/native/tallies.ts";
import type { Path } from "../../../../agent/transport/path.ts";
import { parseNodeId } from "../../../../protocol/brand.ts";

const nid = parseNodeId("a".repeat(64));
const path = { kind: "direct", address: "198.18.0.9", port: 4_000 } as const;
const arena = makeArena();
const addresses = new SocketAddresses(arena, true);
const at = layout.incoming;
/** Indexes of threads 0, 1 and 2. */
const [zero, one, two] = [0x1234_5600, 0x1234_5601, 0x1234_5602];

interface Scene {
  readonly peers: Peers;
  readonly strays: Strays;
  readonly tallies: Float64Array;
  readonly handed: { readonly type: number; readonly path: Path }[];
  unheard: boolean;
}

function open(): Scene {
  const peers = new Peers(arena, addresses);
  const tallies = makeTallies();
  const handed: Scene["handed"] = [];
  const strays: Strays = new Strays({
    ...{ arena, addresses, peers, tallies, thread: 1, threads: 3 },
    unheard: () => scene.unheard,
    handOver: (bytes, from) => handed.push({ type: bytes[0]!, path: from }),
  });
  const scene: Scene = { peers, strays, tallies, handed, unheard: false };
  return scene;
}

function lay(type: number, index: number): number {
  arena.bytes.fill(0, at, at + 64);
  arena.bytes[at] = type;
  arena.view.setUint32(at + 4, index, true);
  expect(addresses.write(layout.receiveNames, path)).toBe(true);
  return 48;
}

describe("a thread", () => {
  let scene: Scene;
  beforeEach(() => {
    scene = open();
  });

  const takeData = (index: number): boolean => scene.strays.takeData(at, lay(4, index), layout.receiveNames, undefined);

  it("hands data of a key of another thread over, with its source, and counts it", () => {
    scene.peers.install(nid, two, 5, 1_000, new Uint8Array(32), makeSharedCounter());
    expect(takeData(two)).toBe(true);
    expect(scene.handed).toEqual([{ type: 4, path }]);
    expect(readTallies(scene.tallies)).toEqual({ received_strayed: 1 });
  });

  it("takes data of no key for nobody's, whichever thread it would be of", () => {
    for (const index of [zero, one, two]) expect(takeData(index)).toBe(false);
    expect(scene.handed).toEqual([]);
    expect(readTallies(scene.tallies)).toEqual({});
  });

  it("holds data while a key may be on its way, in order, and no more than it has room for", () => {
    scene.unheard = true;
    expect(scene.strays.waiting).toBe(false);
    expect(takeData(one)).toBe(true);
    expect(takeData(zero)).toBe(true);
    expect(scene.strays.waiting).toBe(true);
    const held = scene.strays.release();
    expect(held.map(({ bytes }) => bytes[4])).toEqual([1, 0]);
    expect(held[0]?.path).toEqual(path);
    expect(scene.strays.waiting).toBe(false);
    expect(readTallies(scene.tallies)).toEqual({ received_late: 2 });
    for (let count = 0; count < 128; count += 1) expect(takeData(one)).toBe(true);
    expect(takeData(one)).toBe(false);
  });

  it("hands on what is for the gate, but no flood of it", () => {
    for (let count = 0; count < 250; count += 1) {
      scene.strays.takeOther(at, lay(1, 0), layout.receiveNames, undefined);
    }
    expect(scene.handed).toHaveLength(200);
    expect(readTallies(scene.tallies)).toEqual({ received_strayed: 200, stray_limit: 50 });
    scene.strays.now = 10;
    scene.strays.takeOther(at, lay(1, 0), layout.receiveNames, undefined);
    expect(scene.handed).toHaveLength(201);
  });
});

describe("a key", () => {
  const secret = (length: number): Uint8Array => new Uint8Array(length).fill(7);

  it("is there to send with on every thread, to receive with on its own alone, and nowhere after it is removed", () => {
    const { peers } = open();
    peers.setPaths(nid, [path]);
    peers.install(nid, one, 5, 1_000, secret(64), makeSharedCounter());
    peers.install(nid, two, 6, 1_000, secret(32), makeSharedCounter());
    expect(peers.key(one)?.remoteIndex).toBe(5);
    expect(peers.key(two)).toBeUndefined();
    expect([peers.knows(one), peers.knows(two), peers.knows(zero)]).toEqual([true, true, false]);
    peers.select(nid, two);
    const { place, remoteIndex } = peers.find(nid)!.key!;
    expect(remoteIndex).toBe(6);
    const read = (from: number): number[] => [...new Set(arena.bytes.subarray(from, from + 32))];
    expect([read(place), read(place + 32)]).toEqual([[7], [0]]);
    peers.remove(two);
    expect([read(place), read(place + 32)]).toEqual([[0], [0]]);
    expect(peers.find(nid)!.key).toBeUndefined();
    const other = peers.key(one)!.place;
    peers.remove(one);
    expect([read(other), read(other + 32)]).toEqual([[0], [0]]);
    expect(peers.key(one)).toBeUndefined();
  });
});
