// Reads the pages of docs/ and README.md: their code blocks, and every tm command line in them.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");

export interface CodeBlock {
  /** What stands after the three backticks: "ts", "console", "sh", or nothing. */
  readonly language: string;
  readonly text: string;
}

/** The pages that people write; those that are made from the code are held equal to it elsewhere. */
export function writtenPages(): readonly string[] {
  const made = ["docs/cli.md", "docs/errors.md"];
  const pages = readdirSync(path.join(root, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...pages.map((name) => `docs/${name}`)].filter((page) => !made.includes(page));
}

export function readPage(page: string): string {
  return readFileSync(path.join(root, page), "utf8");
}

/** The fenced blocks of a page, in order. */
export function codeBlocks(text: string): readonly CodeBlock[] {
  return [...text.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] ?? "",
    text: match[2] ?? "",
  }));
}

/** Command lines that begin with tm, in blocks that are no program and in inline code: "tm status --json". */
export function tmLines(text: string): readonly string[] {
  const blocks = codeBlocks(text).filter(({ language }) => ["", "sh", "console"].includes(language));
  const prose = text.replace(/^```.*?^```$/gms, "");
  const inline = [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
  const starts = /^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:sudo )?(?:\.\/)?tm(?= |$)/;
  return [...blocks.flatMap((block) => block.text.split("\n")), ...inline]
    .flatMap((line) => line.split(/ \| | && /))
    .map((line) => line.trim().replace(/ +# .*$/, ""))
    .filter((line) => starts.test(line))
    .map((line) => line.replace(starts, "tm"));
}
