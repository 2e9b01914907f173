// What a command says on one of its streams, within a limit of size.
import type { Readable } from "node:stream";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

/** A command that says more than this is wrong, not verbose. */
const outputLimit = 16 * 1024 * 1024;

/**
 * Collects what comes, and gives it to `onChunk` as it comes.
 * @param keep false: nothing is collected, so nothing is too much
 * @param fail gets TM_SSH_COMMAND_FAILED when it is too much
 * @returns what was collected so far, as text
 */
export function collectOutput(
  stream: Readable,
  keep: boolean,
  onChunk: ((chunk: Buffer) => void) | undefined,
  fail: (error: unknown) => void,
): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    if (!keep) return onChunk?.(chunk);
    size += chunk.length;
    if (size > outputLimit)
      return fail(new TunnelMeshError("TM_SSH_COMMAND_FAILED", { detail: "it said more than 16 MiB" }));
    onChunk?.(chunk);
    chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
