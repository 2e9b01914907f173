// Draws docs/session.txt, a recorded terminal, as docs/session.svg; run as `./tm @docs/picture.ts`, and a test holds the two equal.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A cell of the terminal, in pixels. */
const cell = { width: 8, height: 19 };
const margin = { side: 20, top: 52, bottom: 18 };
const fonts = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace";

/** What a stretch of text is; each is a class of the picture's style. */
type Kind = "plain" | "prompt" | "typed" | "title" | "head" | "good" | "quiet";

interface Stretch {
  readonly kind: Kind;
  /** First column. */
  readonly column: number;
  readonly text: string;
}

const style = `.window{fill:#15181e;stroke:#2b303b}.bar{fill:#1e222a}text{font:13px ${fonts};white-space:pre}
.plain{fill:#c9d1d9}.prompt{fill:#7ee787;font-weight:bold}.typed{fill:#fff;font-weight:bold}.title{fill:#79c0ff}
.head{fill:#8b949e;font-weight:bold}.good{fill:#7ee787}.quiet{fill:#8b949e}`;

/** Words that say that all is well, in what a command printed. */
const good = /\b(?:up|direct|installed|deployed|0% packet loss)\b/g;
const comment = /\/\/.*$/g;

if (process.argv[1] === import.meta.filename) {
  const text = readFileSync(path.join(import.meta.dirname, "session.txt"), "utf8");
  writeFileSync(path.join(import.meta.dirname, "session.svg"), renderPicture(text, "tm"));
}

/** The transcript in a window. Lines that begin with a prompt, "$ " or "host# ", are what was typed. */
export function renderPicture(transcript: string, title: string): string {
  const lines = transcript.trimEnd().split("\n");
  const columns = Math.max(60, ...lines.map((line) => line.length));
  const width = columns * cell.width + 2 * margin.side;
  const height = lines.length * cell.height + margin.top + margin.bottom;
  const rows = lines.map((line, row) =>
    splitLine(line)
      .map((stretch) => renderStretch(stretch, margin.top + (row + 0.75) * cell.height))
      .join(""),
  );
  const lights = ["#ff5f57", "#febc2e", "#28c840"].map(
    (colour, index) => `<circle cx="${22 + 20 * index}" cy="18" r="6" fill="${colour}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal in which a mesh of three hosts is deployed and tried">
<style>${style}</style>
<rect class="window" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
<path class="bar" d="M1 36V11A10 10 0 0 1 11 1H${width - 11}A10 10 0 0 1 ${width - 1} 11V36Z"/>
${lights.join("")}<text class="quiet" x="${width / 2}" y="23" text-anchor="middle">${escapeText(title)}</text>
${rows.filter((row) => row !== "").join("\n")}
</svg>
`;
}

function splitLine(line: string): Stretch[] {
  const prompt = /^(?:\$|[a-z][a-z0-9-]*#) /.exec(line)?.[0];
  if (prompt !== undefined) {
    const typed: Stretch = { kind: "typed", column: prompt.length, text: line.slice(prompt.length) };
    return [{ kind: "prompt", column: 0, text: prompt.trimEnd() }, typed];
  }
  if (line.startsWith("== ")) return [{ kind: "title", column: 0, text: line }];
  if (/^[A-Z]+(?: +[A-Z]+)+$/.test(line)) return [{ kind: "head", column: 0, text: line }];
  const marks = [
    ...[...line.matchAll(good)].map((match) => ({ kind: "good" as const, column: match.index, text: match[0] })),
    ...[...line.matchAll(comment)].map((match) => ({ kind: "quiet" as const, column: match.index, text: match[0] })),
  ];
  return fillGaps(line, marks);
}

/** The whole line: the marked stretches, and plain ones between them. */
function fillGaps(line: string, marks: readonly Stretch[]): Stretch[] {
  const stretches: Stretch[] = [];
  let column = 0;
  for (const mark of marks.toSorted((left, right) => left.column - right.column)) {
    if (mark.column < column) continue;
    stretches.push({ kind: "plain", column, text: line.slice(column, mark.column) }, mark);
    column = mark.column + mark.text.length;
  }
  stretches.push({ kind: "plain", column, text: line.slice(column) });
  return stretches.filter(({ text }) => text.trim() !== "");
}

/** Its length is given, so that columns stay columns in whatever font there is. */
function renderStretch({ kind, column, text }: Stretch, y: number): string {
  const start = column + (text.length - text.trimStart().length);
  const shown = text.trim();
  const x = margin.side + start * cell.width;
  return `<text class="${kind}" x="${x}" y="${y}" textLength="${shown.length * cell.width}" lengthAdjust="spacingAndGlyphs">${escapeText(shown)}</text>`;
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(" ", "\u00a0");
}
