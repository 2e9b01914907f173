// The text of an answer from elsewhere, read no further than a limit.

/**
 * @param limit bytes
 * @throws RangeError when the answer has more
 */
export async function readLimited({ body }: Pick<Response, "body">, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > limit) throw new RangeError("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
