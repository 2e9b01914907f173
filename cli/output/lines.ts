// Progress as plain lines: for CI, for files, and with --json.
import type { ShownProgress } from "./shown.ts";

/** Writes one line for each step that a row takes. */
export function createLineProgress(options: {
  readonly write: (line: string) => unknown;
  readonly log: (text: string) => void;
  readonly verbose: boolean;
}): ShownProgress {
  const rows = new Map<string, string>();
  const say = (name: string, text: string) => {
    // A percentage that counts up would be a line for each step of it.
    if (rows.get(name) === text.replace(/\d+/g, "#")) return;
    rows.set(name, text.replace(/\d+/g, "#"));
    options.write(`${name}: ${text}`);
  };
  return {
    phase(title) {
      rows.clear();
      options.log(`== ${title}`);
      options.write(`== ${title}`);
    },
    row(name) {
      const note = (mark: string, text: string) => {
        options.log(`${name}: ${mark}${text}`);
        say(name, `${mark}${text}`);
      };
      return {
        update: (text) => note("", text),
        done: (text = "done") => note("", text),
        skip: (text) => note("skipped: ", text),
        fail: (text) => note("failed: ", text),
      };
    },
    log(text) {
      options.log(text);
      if (options.verbose) options.write(text);
    },
    suspend: (work) => work(),
    async end() {
      rows.clear();
    },
  };
}
