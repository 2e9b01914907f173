// Where in a stack file a construct was written, so that a message can point there.
import { fileURLToPath } from "node:url";

/** A line of a file, 1-based. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

type Callee = ((...parameters: never[]) => unknown) | (abstract new (...parameters: never[]) => unknown);

/** The line that called `callee`; undefined when the run time does not say. */
export function capturePlace(callee: Callee): Place | undefined {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callee);
  return placeInTrace(holder.stack ?? "", () => true);
}

/** The first line of a stack trace whose file `wanted` accepts. */
export function placeInTrace(trace: string, wanted: (file: string) => boolean): Place | undefined {
  for (const [, location, line] of trace.matchAll(/^\s+at (?:.*\()?(file:\/\/.+?|\/.+?):(\d+):\d+\)?$/gm)) {
    const file = location?.startsWith("file:") ? fileURLToPath(location.replace(/\?.*$/, "")) : (location ?? "");
    if (wanted(file)) return { file, line: Number(line) };
  }
  return undefined;
}
