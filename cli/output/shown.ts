// Progress with a screen behind it: what createProgress gives.
import type { Progress } from "./progress.ts";

export interface ShownProgress extends Progress {
  /** Holds the screen still while `work` asks something. */
  suspend<T>(work: () => Promise<T>): Promise<T>;
  /** Ends the current phase; nothing moves afterwards. */
  end(): Promise<void>;
}
