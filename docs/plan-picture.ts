// Draws docs/plan-comment.png, a plan's comment as GitHub shows it, from the golden one; run as `./tm @docs/plan-picture.ts` where chromium is.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";

const comment = path.join(import.meta.dirname, "../test/cli/engine/review/golden/comment.md");
const picture = path.join(import.meta.dirname, "plan-comment.png");

const style = `body{margin:0;background:#fff;font:14px/1.5 -apple-system,"Segoe UI","DejaVu Sans",Helvetica,Arial,sans-serif;color:#1f2328}
main{margin:16px;border:1px solid #d1d9e0;border-radius:6px}header{padding:8px 16px;background:#f6f8fa;border-bottom:1px solid #d1d9e0;border-radius:6px 6px 0 0;color:#59636e}
article{padding:16px}h3{font-size:1.25em;margin:0 0 16px}p,table,blockquote,ul,details{margin:0 0 16px}ul{padding-left:2em}
code{background:#eff1f3;border-radius:6px;padding:.2em .4em;font:85% ui-monospace,"DejaVu Sans Mono",monospace}
pre{background:#f6f8fa;padding:16px;border-radius:6px;overflow:hidden;margin:8px 0}pre code{background:none;padding:0}
table{border-collapse:collapse}th,td{border:1px solid #d1d9e0;padding:6px 13px;text-align:left}tr:nth-child(2n) td{background:#f6f8fa}
.alert{padding:8px 16px;margin:0 0 16px;border-left:.25em solid;color:#1f2328}.alert b{display:block;margin-bottom:8px}.alert ul{margin:0}
.caution{border-color:#cf222e}.caution b{color:#cf222e}.warning{border-color:#9a6700}.warning b{color:#9a6700}details{margin:0 0 4px}`;

if (process.argv[1] === import.meta.filename) {
  const folder = mkdtempSync(path.join(tmpdir(), "tm-plan-picture-"));
  try {
    const page = path.join(folder, "comment.html");
    writeFileSync(page, renderPage(readFileSync(comment, "utf8")));
    const given = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--hide-scrollbars",
      `--user-data-dir=${folder}/profile`,
    ];
    execFileSync("chromium", [...given, "--window-size=1000,1400", `--screenshot=${picture}`, page], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A page with the comment, in GitHub's manner; its alerts are no part of Markdown and are made here. */
export function renderPage(markdown: string): string {
  const html = micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
  const shown = html.replace(
    /<blockquote>\s*<p>\[!(CAUTION|WARNING)\]<\/p>(.*?)<\/blockquote>/gs,
    (_, kind: string, content: string) =>
      `<div class="alert ${kind.toLowerCase()}"><b>${kind.charAt(0)}${kind.slice(1).toLowerCase()}</b>${content}</div>`,
  );
  return `<!doctype html><meta charset="utf-8"><style>${style}</style><main><header>github-actions bot commented</header><article>${shown}</article></main>`;
}
