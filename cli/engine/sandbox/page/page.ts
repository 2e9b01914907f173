// The page of the sandbox: one document that asks for its changing part once a second, with its style and its script.
import type { CloudState } from "../state.ts";
import { html } from "./html.ts";
import { renderView } from "./view.ts";

export interface PagePart {
  readonly type: string;
  readonly text: string;
}

/** What is at `path` below the sandbox's address; undefined for what is no part of the page. */
export function pagePart(path: string, cloud: CloudState): PagePart | undefined {
  switch (path) {
    case "/":
    case "/sandbox":
    case "/sandbox/":
      return { type: "text/html", text: document(cloud) };
    case "/sandbox/view":
      return { type: "text/html", text: renderView(cloud).html };
    case "/sandbox/style.css":
      return { type: "text/css", text: style };
    case "/sandbox/live.js":
      return { type: "text/javascript", text: script };
    default:
      return undefined;
  }
}

/** The browser fetches nothing from elsewhere, and runs nothing but this page's own script. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Whether a request was meant for this machine: a name of somebody else's that leads here is refused. */
export function isOwnHost(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/.test(host ?? "");
}

function document(cloud: CloudState): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sandbox cloud</title>
<link rel="stylesheet" href="/sandbox/style.css">
<script src="/sandbox/live.js" defer></script>
</head>
<body>
<header><h1>Sandbox cloud</h1><p id="live" role="status">live</p></header>
<main id="view">${renderView(cloud)}</main>
<footer>A cloud on this machine. Nothing here costs anything.</footer>
</body>
</html>
`.html;
}

const script = `const view = document.getElementById("view");
const live = document.getElementById("live");
let shown = "";
async function look() {
  try {
    const answer = await fetch("/sandbox/view");
    const text = await answer.text();
    if (answer.ok && text !== shown) view.innerHTML = shown = text;
    live.textContent = answer.ok ? "live" : "the sandbox answers " + answer.status;
  } catch {
    live.textContent = "the sandbox does not answer";
  }
  live.className = live.textContent === "live" ? "" : "bad";
  setTimeout(look, document.hidden ? 5000 : 1000);
}
look();
`;

const style = `:root {
  --back: #f6f7f9; --card: #fff; --ink: #1c2330; --soft: #5b6577; --line: #dfe3ea;
  --good: #12714a; --bad: #b3261e; --busy: #8a5a00;
  font: 15px/1.45 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12161d; --card: #1a2029; --ink: #e6eaf1; --soft: #98a3b5; --line: #2c3542;
    --good: #5fd39b; --bad: #ff8f86; --busy: #f0c060;
  }
}
body { margin: 0 auto; padding: 1.5rem; max-width: 82rem; background: var(--back); color: var(--ink); }
header { display: flex; align-items: baseline; gap: 1rem; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1rem; margin: 0 0 .4rem; }
header p, .sum, footer, .from { color: var(--soft); }
header p { margin: 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; margin: 0 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .85rem; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
td ul { list-style: none; margin: 0; padding: 0; }
.faults { border: 1px solid var(--busy); border-radius: .6rem; padding: .6rem 1rem .6rem 2rem; color: var(--busy); }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); }
`;
