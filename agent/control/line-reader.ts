// Cuts a byte stream into lines, none longer than a limit.

/** A function that takes chunks and gives the lines they complete; undefined once a line is too long. */
export function lineReader(limit: number): (chunk: Buffer) => readonly string[] | undefined {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    const all = Buffer.concat([rest, chunk]);
    const lines: string[] = [];
    let start = 0;
    for (let end = all.indexOf(10); end !== -1; end = all.indexOf(10, start)) {
      if (end - start > limit) return undefined;
      lines.push(all.toString("utf8", start, end));
      start = end + 1;
    }
    if (all.length - start > limit) return undefined;
    rest = Buffer.from(all.subarray(start));
    return lines;
  };
}
