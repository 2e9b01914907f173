// The result as a picture: for each figure a bar per contender, as long as its ratio to the reference.
import { type FigureResult, own, type Result, reference } from "./result.ts";
import type { FigureName } from "./rows.ts";

const drawn: readonly FigureName[] = ["tcp1", "tcp4", "reverse", "ten", "udp128", "loadedMean", "processor"];
const width = 820;
/** Pixels: where bars begin, what is right of the longest, and the heights of a bar and of what is around a figure. */
const left = 280;
const right = 130;
const bar = 15;
const gap = 22;
const top = 58;
const fonts = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif";
const style = `.ground{fill:#15181e;stroke:#2b303b}text{font:12px ${fonts};fill:#c9d1d9}.title{font-size:15px;font-weight:bold;fill:#fff}
.quiet{fill:#8b949e}.figure{font-weight:bold;fill:#fff}.own{fill:#3fb950}.reference{fill:#58a6ff}.other{fill:#6e7681}.one{stroke:#58a6ff;stroke-dasharray:3 3}`;

/** An SVG file. */
export function renderChart(result: Result): string {
  const groups = drawn.flatMap((name) => result.figures.filter(({ figure }) => figure === name));
  const ratios = groups.flatMap(({ entries }) => entries.map(({ ratio }) => ratio?.median ?? 0));
  const scale = (width - left - right) / Math.max(1, ...ratios);
  let y = top;
  const bodies = groups.map((group) => {
    const text = renderGroup(group, y, scale);
    y += group.entries.length * bar + gap;
    return text;
  });
  const one = left + scale;
  const { cores, processor, runs, date } = result.conditions;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 12}" viewBox="0 0 ${width} ${y + 12}" role="img" aria-label="Bars: TunnelMesh and other tunnels as multiples of wireguard-go">
<style>${style}</style>
<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${y + 11}" rx="10"/>
<text class="title" x="20" y="26">Tunnels on one machine, ${reference} = 1</text>
<text class="quiet" x="20" y="44">${escapeText(`medians of ${runs} interleaved runs, ${cores} × ${processor}, ${date}`)}</text>
<path class="one" d="M${one.toFixed(1)} ${top - 6}V${y - gap + 8}"/>
${bodies.join("\n")}
</svg>
`;
}

function renderGroup({ name, unit, better, entries }: FigureResult, y: number, scale: number): string {
  const lines = entries.map(({ contender, value, ratio }, index) => {
    const times = ratio?.median ?? 0;
    const at = y + index * bar;
    const kind = contender === own ? "own" : contender === reference ? "reference" : "other";
    const end = left + times * scale;
    return [
      `<text x="${left - 8}" y="${at + 11}" text-anchor="end">${escapeText(contender)}</text>`,
      `<rect class="${kind}" x="${left}" y="${at + 1}" width="${Math.max(1, times * scale).toFixed(1)}" height="${bar - 3}" rx="2"/>`,
      `<text x="${(end + 6).toFixed(1)}" y="${at + 11}">${times.toFixed(2)} ×<tspan class="quiet" dx="6">${renderValue(value.median)} ${escapeText(unit)}</tspan></text>`,
    ].join("");
  });
  const direction = better === "more" ? "more is better" : "less is better";
  return `<text class="figure" x="20" y="${y + 11}">${escapeText(name)}</text><text class="quiet" x="20" y="${y + 11 + bar}">${direction}</text>\n${lines.join("\n")}`;
}

function renderValue(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
