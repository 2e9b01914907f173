// Writes what the coordinator said of peers to the disk, seldom: a member that moves all the time must not wear it out.
import type { NodeId } from "../../protocol/brand.ts";
import type { Hints } from "../map/hints.ts";
import type { Log } from "../system/log.ts";
import { Paced } from "./paced.ts";

const writeInterval = 5_000;

export class KeptHints {
  readonly #hints: Hints;
  readonly #members: () => Iterable<NodeId>;
  readonly #log: Log;
  readonly #paced = new Paced(() => void this.#save(), writeInterval);
  #saved = Promise.resolve();

  /** @param members whose endpoints are worth keeping, asked at each write */
  constructor(hints: Hints, members: () => Iterable<NodeId>, log: Log) {
    this.#hints = hints;
    this.#members = members;
    this.#log = log;
  }

  /** They may have changed: they are written at once, or when the last write is long enough ago. */
  changed(): void {
    this.#paced.ask();
  }

  /** Writes what is left to write. */
  async stop(): Promise<void> {
    this.#paced.stop();
    await this.#save();
  }

  /** One write after the other: of two at once the older might be the last to take the file's place. */
  async #save(): Promise<void> {
    this.#saved = this.#saved.then(async () => await this.#write());
    await this.#saved;
  }

  async #write(): Promise<void> {
    try {
      await this.#hints.save(this.#members());
    } catch (error) {
      this.#log("warn", "endpoints of peers could not be kept", { cause: String(error) });
    }
  }
}
