// Chooses how progress is shown: a list on a terminal, lines elsewhere, stderr alone with --json.
import type { ShownProgress } from "./shown.ts";

export interface ProgressOptions {
  /** list needs a terminal on stderr. */
  readonly mode: "list" | "lines" | "json";
  readonly log: (text: string) => void;
  readonly verbose: boolean;
}

/** The renderer of a list is loaded only where it draws. */
export async function createProgress({ mode, log, verbose }: ProgressOptions): Promise<ShownProgress> {
  if (mode === "list") {
    const { createListProgress } = await import("./list.ts");
    return createListProgress({ stream: process.stderr, log });
  }
  const { createLineProgress } = await import("./lines.ts");
  const stream = mode === "json" ? process.stderr : process.stdout;
  return createLineProgress({ write: (line) => stream.write(`${line}\n`), log, verbose });
}

/** A list where both streams are terminals and nothing asked for plain output. */
export function chooseMode(caller: { json: boolean; verbose: boolean; plain: boolean }): ProgressOptions["mode"] {
  if (caller.json) return "json";
  const terminal = Boolean(process.stderr.isTTY && process.stdout.isTTY);
  return terminal && !caller.plain && !caller.verbose ? "list" : "lines";
}
