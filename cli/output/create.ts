// Chooses how progress is shown: a list on a terminal, lines elsewhere; always on stderr, as stdout is for the result.
import { escapeProgress } from "./escaped.ts";
import type { ShownProgress } from "./shown.ts";

export interface ProgressOptions {
  /** list needs a terminal on stderr. */
  readonly mode: "list" | "lines";
  readonly log: (text: string) => void;
  readonly verbose: boolean;
}

/** What hosts say is shown without control characters. The renderer of a list is loaded only where it draws. */
export async function createProgress({ mode, log, verbose }: ProgressOptions): Promise<ShownProgress> {
  if (mode === "list") {
    const { createListProgress } = await import("./list.ts");
    return escapeProgress(createListProgress({ stream: process.stderr, log }));
  }
  const { createLineProgress } = await import("./lines.ts");
  const write = (line: string): unknown => process.stderr.write(`${line}\n`);
  return escapeProgress(createLineProgress({ write, log, verbose }));
}

/** A list where both streams are terminals and nothing asked for JSON or plain output. */
export function chooseMode(caller: { json: boolean; verbose: boolean; plain: boolean }): ProgressOptions["mode"] {
  const terminal = Boolean(process.stderr.isTTY && process.stdout.isTTY);
  return terminal && !caller.json && !caller.plain && !caller.verbose ? "list" : "lines";
}
