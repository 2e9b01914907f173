// Timestamps over restarts and clock jumps: a node is never locked out by what it said before.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TimestampFile } from "../../../agent/control/timestamp-file.ts";
import { SentTimestamps } from "../../../agent/session/timestamps.ts";
import { compareTimestamps, encodeTimestamp, timestampMilliseconds } from "../../../protocol/wireguard/tai64n.ts";
import { Pair } from "./pair.ts";

const day = 86_400_000;
const noon = 1_800_000_000_000;
let folder: string;
let file: string;
let logged: string[];
const log = (_level: string, message: string): void => {
  logged.push(message);
};

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tm-stamp-"));
  file = path.join(folder, "state", "timestamp");
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clockAt = (wall: number, now = 0) => ({ now: () => now, wall: () => wall });

describe("the last timestamp sent", () => {
  it("outlives a restart", async () => {
    const first = await TimestampFile.open(file, log);
    expect(first.last).toBeUndefined();
    new SentTimestamps(first, clockAt(noon), log).sent(encodeTimestamp(noon), clockAt(noon));
    await first.flush();
    expect((await TimestampFile.open(file, log)).last).toEqual(encodeTimestamp(noon));
    expect(logged).toEqual([]);
  });

  it("is none where the file does not read", async () => {
    const broken = path.join(folder, "timestamp");
    writeFileSync(broken, "40\n");
    expect((await TimestampFile.open(broken, log)).last).toBeUndefined();
    expect(logged).toHaveLength(1);
  });

  it("is beyond everything sent, saved or not, when the clock was set back meanwhile", () => {
    const saved = encodeTimestamp(noon);
    const store = { last: saved, save: () => undefined };
    const { floor } = new SentTimestamps(store, clockAt(noon - 3 * day), log);
    expect(timestampMilliseconds(floor!) - noon).toBeGreaterThanOrEqual(9_900);
    expect(logged).toEqual(["the clock jumped by more than a day"]);
    // A clock that is right needs no such room.
    expect(new SentTimestamps(store, clockAt(noon + 1_000), log).floor).toEqual(saved);
  });

  it("is that of a peer that went and came again, too", () => {
    const timestamps = new SentTimestamps(undefined, clockAt(noon), log);
    timestamps.forgotten(encodeTimestamp(noon + 5_000));
    timestamps.forgotten(encodeTimestamp(noon));
    expect(timestamps.floor).toEqual(encodeTimestamp(noon + 5_000));
  });

  it("warns of a clock that jumps by more than a day while running", () => {
    const timestamps = new SentTimestamps(undefined, clockAt(noon, 0), log);
    timestamps.sent(encodeTimestamp(noon + 2_000), clockAt(noon + 2_000, 1_000));
    expect(logged).toEqual([]);
    timestamps.sent(encodeTimestamp(noon + 2 * day), clockAt(noon + 2 * day, 2_000));
    expect(logged).toHaveLength(1);
  });
});

describe("a node whose clock was set back over its restart", () => {
  const restarted = (floor: Uint8Array | undefined): Pair => {
    const pair = new Pair();
    pair.left.send(0);
    pair.settle();
    pair.left.state = new Pair().left.state;
    pair.left.state = { ...pair.left.state, sentTimestamp: floor };
    pair.left.installed.clear();
    pair.left.selected = undefined;
    pair.left.skew = -3 * day;
    pair.now = 10_000;
    pair.left.send(pair.now);
    pair.settle();
    return pair;
  };

  it("is not locked out", () => {
    const sent = new Pair();
    sent.left.send(0);
    const store = { last: sent.left.state.sentTimestamp, save: () => undefined };
    const { floor } = new SentTimestamps(store, clockAt(noon - 3 * day), log);
    const pair = restarted(floor);
    expect(pair.right.refusals()).toEqual([]);
    expect(pair.left.state.current).toBeDefined();
    expect(compareTimestamps(pair.left.state.sentTimestamp!, floor!)).toBeGreaterThan(0);
  });

  it("would be without what it kept", () => {
    expect(restarted(undefined).right.refusals()).toEqual(["oldTimestamp"]);
  });
});
