// When the main thread hears of traffic: in a quiet moment, within 100 ms, and at once under a new key.
import { beforeEach, expect, it } from "vitest";
import { makeArena } from "../../../../agent/dataplane/native/arena.ts";
import type { FromPlane } from "../../../../agent/dataplane/native/messages.ts";
import type { Key, Peer } from "../../../../agent/dataplane/native/peers.ts";
import { Peers } from "../../../../agent/dataplane/native/peers.ts";
import { Reports } from "../../../../agent/dataplane/native/reports.ts";
import { SocketAddresses } from "../../../../agent/dataplane/native/socket-address.ts";
import { parseNodeId } from "../../../../protocol/brand.ts";

const nid = parseNodeId("01".repeat(32));
const relay = parseNodeId("02".repeat(32));
const index = 7;

let said: FromPlane[] = [];
let reports: Reports;
let key: Key;
let peer: Peer;

beforeEach(() => {
  said = [];
  const arena = makeArena();
  const addresses = new SocketAddresses(arena, false);
  const peers = new Peers(arena, addresses);
  peers.install(nid, index, 1, Number.MAX_SAFE_INTEGER, new Uint8Array(64), undefined);
  const [installed, found] = [peers.key(index), peers.find(nid)];
  if (installed === undefined || found === undefined) throw new Error("the key was not installed");
  key = installed;
  peer = found;
  key.confirmed = true;
  reports = new Reports(addresses, (message) => said.push(message));
  reports.flush(1_000, true);
  reports.noteSent(peer, true, 0, 100);
  reports.flush(1_000, true);
  said = [];
});

/** A packet and its answer, and the times of the summaries that were said, looked at each millisecond. */
function times(packets: (now: number) => boolean, until: number): number[] {
  const found: number[] = [];
  for (let now = 1_001; now <= until; now += 1) {
    const busy = packets(now);
    if (busy) reports.noteSent(peer, true, now, 100);
    const before = said.length;
    reports.flush(now, busy);
    if (said.length > before) found.push(now);
  }
  return found;
}

it("says it in a moment without packets", () => {
  expect(times((now) => now % 10 < 2, 1_160)).toEqual([1_053, 1_103, 1_153]);
});

it("says it after 100 ms where packets never cease", () => {
  expect(times(() => true, 1_250)).toEqual([1_100, 1_200]);
});

it("says the first packet under a new key at once", () => {
  key.confirmed = false;
  reports.noteReceived(key, true, 100, -1, relay);
  reports.flush(1_001, true);
  expect(said.map(({ kind }) => kind)).toEqual(["received"]);
});

it("lets the thread sleep as long as nothing can become due", () => {
  expect(reports.patience(1_010)).toBe(1_000);
  reports.noteSent(peer, true, 1, 100);
  expect([reports.patience(1_010), reports.patience(1_060)]).toEqual([50, 2]);
});
