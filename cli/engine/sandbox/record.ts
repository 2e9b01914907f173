// Reads back what the sandbox has written to disk, which another release or somebody's hand may have written.
import { open } from "node:fs/promises";
import type { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

/**
 * The record in `file`; undefined when there is none.
 * @param limit bytes
 * @throws TunnelMeshError TM_SANDBOX_RECORD when it is too large, no JSON, or of another form
 */
export async function readRecord<T>(file: string, schema: z.ZodType<T>, limit: number): Promise<T | undefined> {
  const text = await readWithin(file, limit);
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw unreadable(file, "it is no JSON", error);
  }
  const { data, error } = schema.safeParse(json);
  if (error === undefined) return data;
  const [issue] = error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw unreadable(file, `${where}${issue?.message ?? "another form"}`.slice(0, 500), error);
}

async function readWithin(file: string, limit: number): Promise<string | undefined> {
  try {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      if (size > limit) throw unreadable(file, `it has ${size} bytes, more than ${limit}`);
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function unreadable(file: string, why: string, cause?: unknown): TunnelMeshError {
  return new TunnelMeshError("TM_SANDBOX_RECORD", { detail: `${file}: ${why}`, cause });
}
