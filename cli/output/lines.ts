// Progress as plain lines: for CI, for files, and with --json.
import type { ShownProgress } from "./shown.ts";
import { renderElapsed } from "./table.ts";

/** Milliseconds of silence after which one line says what is still waited for. */
const silence = 10_000;

/** Writes one line for each step that a row takes, and one every ten seconds in which none takes any. */
export function createLineProgress(options: {
  readonly write: (line: string) => unknown;
  readonly log: (text: string) => void;
  readonly verbose: boolean;
}): ShownProgress {
  const rows = new Map<string, { readonly said: string; readonly since: number | undefined }>();
  let timer: NodeJS.Timeout | undefined;
  const write = (line: string) => {
    clearTimeout(timer);
    timer = setTimeout(sayWaiting, silence).unref();
    options.write(line);
  };
  const say = (name: string, text: string, ended: boolean) => {
    const before = rows.get(name);
    const said = text.replace(/\d+/g, "#");
    rows.set(name, { said, since: ended ? undefined : (before?.since ?? performance.now()) });
    // A percentage that counts up would be a line for each step of it.
    if (before?.said !== said) write(`${name}: ${text}`);
  };
  const sayWaiting = () => {
    const waiting = [...rows].flatMap(([name, { since }]) =>
      since === undefined ? [] : [`${name} (${renderElapsed(performance.now() - since)})`],
    );
    if (waiting.length > 0) write(`still waiting: ${waiting.join(", ")}`);
  };
  const clear = () => {
    rows.clear();
    clearTimeout(timer);
  };
  return {
    phase(title) {
      clear();
      options.log(`== ${title}`);
      write(`== ${title}`);
    },
    row(name) {
      const note = (text: string, ended = true) => {
        options.log(`${name}: ${text}`);
        say(name, text, ended);
      };
      return {
        update: (text) => note(text, false),
        done: (text = "done") => note(text),
        skip: (text) => note(`skipped: ${text}`),
        fail: (text) => note(`failed: ${text}`),
      };
    },
    log(text) {
      options.log(text);
      if (options.verbose) write(text);
    },
    async suspend(work) {
      // Whoever is asked something is not to be told that others wait.
      clearTimeout(timer);
      return work();
    },
    async end() {
      clear();
    },
  };
}
