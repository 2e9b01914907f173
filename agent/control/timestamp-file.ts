// The last handshake timestamp sent, on disk: a few bytes, written seldom (life.md §8).
import { readIfThere, writeDurably } from "../map/durable.ts";
import { timestampLag } from "../session/timestamps.ts";
import type { Log } from "../system/log.ts";
import type { TimestampStore } from "../tunnel.ts";

export class TimestampFile implements TimestampStore {
  readonly #file: string;
  readonly #log: Log;
  #last: Uint8Array | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, log: Log, last: Uint8Array | undefined) {
    this.#file = file;
    this.#log = log;
    this.#last = last;
  }

  /** A file that does not read counts as none: the clock alone decides then. */
  static async open(file: string, log: Log): Promise<TimestampFile> {
    const text = await readIfThere(file, 64);
    const whole = text !== undefined && /^40[0-9a-f]{22}\n$/.test(text);
    if (text !== undefined && !whole) log("warn", "the last handshake timestamp on disk does not read", { file });
    return new TimestampFile(file, log, whole ? Uint8Array.from(Buffer.from(text.trim(), "hex")) : undefined);
  }

  get last(): Uint8Array | undefined {
    return this.#last;
  }

  save(timestamp: Uint8Array): void {
    this.#last = timestamp;
    this.#timer ??= setTimeout(() => void this.flush(), timestampLag / 2).unref();
  }

  /** Writes what is not on disk yet. */
  async flush(): Promise<void> {
    if (this.#timer === undefined) return await this.#writing;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(async () => await this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      await writeDurably(this.#file, `${Buffer.from(this.#last ?? []).toString("hex")}\n`);
    } catch (error) {
      this.#log("warn", "the last handshake timestamp could not be kept", { cause: String(error) });
    }
  }
}
