// Progress whose words come from hosts, made harmless to whatever shows and keeps them.
import { escapeControls } from "./escape.ts";
import type { ShownProgress } from "./shown.ts";

/** The same progress; what would steer a terminal reaches neither screen nor log, and no second line of a row passes for another row. */
export function escapeProgress(shown: ShownProgress): ShownProgress {
  const line = (text: string): string => escapeControls(text).replaceAll("\n", "\n    ");
  return {
    ...shown,
    phase: (title) => shown.phase(line(title)),
    row(name) {
      const row = shown.row(line(name));
      return {
        update: (text) => row.update(line(text)),
        done: (text) => row.done(text === undefined ? undefined : line(text)),
        skip: (text) => row.skip(line(text)),
        fail: (text) => row.fail(line(text)),
      };
    },
    log: (text) => shown.log(escapeControls(text)),
  };
}
