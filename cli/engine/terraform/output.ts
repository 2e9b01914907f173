// What a child process prints, through a file without a name: the child goes on when this process ends, as no pipe breaks.
import { randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface ChildOutput {
  /** For the child's stdout and stderr. */
  readonly descriptor: number;
  /** Lines as they are written, until `child` has ended and all of it is read. */
  lines(child: Promise<unknown>): AsyncGenerator<string>;
  close(): Promise<void>;
}

/** Milliseconds between two looks. */
const pace = 100;

/** Opens the output in `folder`; nothing of it is left there. */
export async function openOutput(folder: string): Promise<ChildOutput> {
  const file = path.join(folder, `output-${randomUUID()}`);
  const writer = await open(file, "ax", 0o600);
  const reader = await open(file, "r");
  await rm(file);
  return {
    descriptor: writer.fd,
    async *lines(child) {
      let ended = false;
      const markEnd = (): void => {
        ended = true;
      };
      const end = child.then(markEnd, markEnd);
      const decoder = new TextDecoder();
      const chunk = Buffer.alloc(65_536);
      let rest = "";
      for (;;) {
        // Asked before reading: what was written before the end is read after it.
        const last = ended;
        const { bytesRead } = await reader.read(chunk, 0, chunk.length);
        if (bytesRead > 0) {
          const parts = (rest + decoder.decode(chunk.subarray(0, bytesRead), { stream: true })).split("\n");
          rest = parts.pop() ?? "";
          yield* parts;
        } else if (last) break;
        else await Promise.race([sleep(pace), end]);
      }
      if (rest !== "") yield rest;
    },
    async close() {
      await writer.close();
      await reader.close();
    },
  };
}
