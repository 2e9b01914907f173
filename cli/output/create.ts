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

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * A list where both streams are terminals and nothing asked for JSON or plain output. A terminal without a width, as `script` and some
 * containers make them, has no room for rows that are drawn again.
 */
export function chooseMode(
  caller: { readonly json: boolean; readonly verbose: boolean; readonly plain: boolean },
  streams: readonly Stream[] = [process.stderr, process.stdout],
): ProgressOptions["mode"] {
  const terminal = streams.every(({ isTTY, columns = 0 }) => isTTY === true && columns > 0);
  return terminal && !caller.json && !caller.plain && !caller.verbose ? "list" : "lines";
}
