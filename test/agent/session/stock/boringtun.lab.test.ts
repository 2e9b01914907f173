// Our sessions against boringtun, the other widely used implementation, where somebody has built it: cargo install boringtun-cli.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { findBoringtun } from "./boringtun.ts";
import { StockPair } from "./pair.ts";

const pairs: StockPair[] = [];
const boringtun = findBoringtun();

afterEach(async () => {
  for (const pair of pairs.splice(0)) await pair.stop();
});

describe("boringtun", () => {
  it("is looked for where cargo would put it", () => {
    if (existsSync(join(homedir(), ".cargo/bin/boringtun-cli"))) expect(boringtun).toBeDefined();
    if (boringtun !== undefined) expect(existsSync(boringtun)).toBe(true);
  });

  if (boringtun === undefined) return;

  it.each(["ours", "theirs"] as const)(
    "makes a session and carries data when %s is the side that starts",
    async (knows) => {
      const pair = new StockPair({ program: [boringtun, "--foreground", "--disable-drop-privileges"], knows });
      pairs.push(pair);
      await pair.start();
      const from = knows === "ours" ? "a" : "b";
      expect(await pair.reach(from, 8)).toBe(true);
      expect(await pair.ping(from, { count: 20, interval: 0.05 })).toBe(20);
      expect(await pair.ping(from, { six: true })).toBe(1);
      const { counters } = await pair.status();
      expect(counters["received_authentication"]).toBeUndefined();
    },
  );
});
