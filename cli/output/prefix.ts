// Puts a name before each line of a stream, so that the output of several hosts can be told apart.

/** A line longer than this is given in parts. */
const lineLimit = 64 * 1024;
const newline = 0x0a;

export interface PrefixedStream {
  write(chunk: Buffer): void;
  /** Gives what is left of a line without an end. */
  end(): void;
}

/** Gives whole lines to `write`, each with `name` before it; `name` is as wide as `width`. */
export function prefixLines(name: string, width: number, write: (line: Buffer) => void): PrefixedStream {
  const prefix = Buffer.from(`${`${name}:`.padEnd(width + 2)}`);
  let rest: Buffer = Buffer.alloc(0);
  const give = (line: Buffer) => write(Buffer.concat([prefix, line, Buffer.of(newline)]));
  return {
    write(chunk) {
      let left: Buffer = Buffer.concat([rest, chunk]);
      for (let end = left.indexOf(newline); end >= 0; end = left.indexOf(newline)) {
        give(left.subarray(0, end));
        left = left.subarray(end + 1);
      }
      for (; left.length > lineLimit; left = left.subarray(lineLimit)) give(left.subarray(0, lineLimit));
      rest = left;
    },
    end() {
      if (rest.length > 0) give(rest);
      rest = Buffer.alloc(0);
    },
  };
}
