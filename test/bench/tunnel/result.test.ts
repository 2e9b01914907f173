// What the tunnel benchmark makes of its samples, and how it is shown.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { renderChart } from "./chart.ts";
import { makeResult, own, type Result, reference, type Samples, spread } from "./result.ts";
import type { Sample } from "./rows.ts";
import { files, renderFiles, replaceBetween } from "./save.ts";
import { renderSummary, renderTable } from "./table.ts";

const conditions = {
  ...{
    date: "2026-01-02",
    processor: "Some <Processor>",
    cores: 2,
    kernel: "6.18",
    node: "24.0.0",
    load: 0.1,
    busy: 0,
  },
  ...{ runs: 3, seconds: 4, configuredPeers: 8 },
};
const contenders = [reference, own, "nebula"].map((name) => ({ name, version: "1" }));
const run = (...samples: Sample[]) => new Map(samples.map((sample, index) => [contenders[index]?.name ?? "", sample]));
const samples: Samples = [
  run({ tcp1: 1000, udp128: 10, idleMean: 0.2 }, { tcp1: 1500, udp128: 40, idleMean: 0.1 }, { udp128: 16 }),
  run({ tcp1: 2000, udp128: 10, idleMean: 0.2 }, { tcp1: 3400, udp128: 30, idleMean: 0.3 }, { udp128: 20 }),
  run({ tcp1: 1000, udp128: 20, idleMean: 0.2 }, { udp128: 80, idleMean: 0.2 }, { udp128: 18 }),
];
const result = makeResult(conditions, contenders, samples, ["tcp1: it broke"]);

describe("the tunnel benchmark", () => {
  it("holds each sample against the reference of its own run, and leaves out what failed", () => {
    const entries = result.figures.find(({ figure }) => figure === "tcp1")?.entries;
    expect(entries?.map(({ contender }) => contender)).toEqual([reference, own]);
    expect(entries?.[1]).toMatchObject({
      samples: [1500, 3400, null],
      value: { median: 2450 },
      ratio: { median: 1.6, least: 1.5, greatest: 1.7 },
    });
  });

  it("judges targets by the median, in both directions, and against the best of the others", () => {
    expect(result.targets.map(({ name, reached, holds }) => [name, reached, holds])).toEqual([
      ["TCP, 1 stream, to wireguard-go", 1.6, true],
      ["UDP, 128 B, to wireguard-go", 4, true],
      ["UDP, 128 B, to the best of the others", 2.5, true],
      ["ping, idle, mean, to wireguard-go", 1, true],
    ]);
    const slow = samples.map((byName) => new Map(byName).set(own, { tcp1: 1, idleMean: 9 }));
    expect(makeResult(conditions, contenders, slow, []).targets.map(({ holds }) => holds)).toEqual([false, false]);
  });

  it("has no spread of nothing", () => {
    expect(spread([null, null])).toBeUndefined();
    expect(spread([3, null, 1])).toEqual({ median: 2, least: 1, greatest: 3 });
  });

  it("shows medians, ratios, targets and failures in the table", () => {
    const text = renderTable(result);
    expect(text).toMatch(
      /^UDP, 128 B, kpps +10\.0 +40\.0 × 4\.00 \[3\.00 … 4\.00\] +18\.0 × 1\.60 \[0\.90 … 2\.00\]$/m,
    );
    expect(text).toContain("reached      TCP, 1 stream, to wireguard-go: 1.60 (wanted ≥ 1.6)");
    expect(text).toContain("FAILED: tcp1: it broke");
  });

  it("is drawn with one bar for each contender of a figure", () => {
    const chart = renderChart(result);
    expect(chart.match(/<rect class="(?:own|reference|other)"/g)).toHaveLength(5);
    expect(chart).toContain("Some &lt;Processor&gt;");
  });

  it("goes between the marks of a page and nowhere else", () => {
    const page = replaceBetween("before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n", renderSummary(result));
    expect(page).toMatch(/^before\n<!-- figures -->\n\n\| TunnelMesh[\s\S]*\n\n<!-- \/figures -->\nafter\n$/);
    expect(page).toContain("| UDP, 128 B | 4.00 × | 3.00–4.00 × |");
    expect(page).not.toContain("old");
    expect(() => replaceBetween("no marks", "")).toThrow(RangeError);
  });
});

describe.skipIf(!existsSync(files.figures))("the kept figures", () => {
  it("are what picture, page and README show; ./tm @test/bench/tunnel/show.ts makes them anew", () => {
    const kept = JSON.parse(readFileSync(files.figures, "utf8")) as Result;
    for (const [file, content] of renderFiles(kept)) expect(readFileSync(file, "utf8")).toBe(content);
  });
});
