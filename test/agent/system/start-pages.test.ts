// Pages given back: a program that changed nothing of its own goes on as before, with less in memory.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseMappings } from "../../../agent/system/start-pages.ts";

const source = path.resolve(import.meta.dirname, "../../../agent/system/start-pages.ts");
const program = `
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { giveBackStartPages } from ${JSON.stringify(source)};
const resident = () => Number(/RssFile:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
const work = () => createHash("sha256").update(JSON.stringify(/a+b/.exec("xaab")) + new Intl.NumberFormat("de").format(1234.5)).digest("hex");
const [result, before] = [work(), resident()];
const given = giveBackStartPages();
const after = resident();
console.log(JSON.stringify({ before, after, given, same: work() === result }));
`;

describe("the pages of the program", () => {
  it("leave and come back as they were", () => {
    const node = [
      process.execPath,
      "--conditions=tunnelmesh-source",
      "--input-type=module",
      "--eval",
      program,
    ] as const;
    const output = execFileSync(node[0], node.slice(1), { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const { before, after, given, same } = JSON.parse(output);
    expect(same).toBe(true);
    expect(given).toBeGreaterThan(10_000_000);
    expect(after).toBeLessThan(before / 2);
  });

  it("are told from what the process has changed", () => {
    const text = [
      "00400000-00500000 r--p 00000000 fe:00 12 /opt/node",
      "Rss:                 100 kB",
      "Anonymous:             0 kB",
      "00500000-00501000 r--p 00100000 fe:00 12 /opt/node",
      "Anonymous:             4 kB",
      "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ",
      "Anonymous:             4 kB",
      "",
    ].join("\n");
    expect(parseMappings(text)).toEqual([
      { from: 0x400000, to: 0x500000, permissions: "r--p", file: "/opt/node", anonymous: 0 },
      { from: 0x500000, to: 0x501000, permissions: "r--p", file: "/opt/node", anonymous: 4 },
      { from: 0x7f0000000000, to: 0x7f0000001000, permissions: "rw-p", file: "", anonymous: 4 },
    ]);
  });
});
