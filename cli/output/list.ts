// Progress as a list on a terminal: one row per host with its elapsed time, drawn by listr2.
import { ListrTaskState } from "listr2";
import { createPhase, type Phase } from "./phase.ts";
import type { ShownProgress } from "./shown.ts";

/** Draws on `stream`, which must be a terminal. */
export function createListProgress(options: {
  readonly stream: NodeJS.WriteStream;
  readonly log: (text: string) => void;
}): ShownProgress {
  let phase: Phase | undefined;
  // The renderer starts asynchronously: what is drawn goes in order, what happened is noted at once.
  let drawn = Promise.resolve();
  const leave = () => {
    const left = phase;
    phase = undefined;
    if (left !== undefined) drawn = drawn.then(() => left.leave());
  };
  const enter = (title: string): Phase => {
    leave();
    const entered = createPhase(title, options.stream);
    phase = entered;
    drawn = drawn.then(() => entered.draw());
    return entered;
  };
  return {
    phase(title) {
      options.log(`== ${title}`);
      enter(title);
    },
    row(name) {
      const row = (phase ?? enter("Working")).row(name);
      const say = (state: ListrTaskState, text: string) => {
        options.log(`${name}: ${text}`);
        row.note(state, text);
      };
      return {
        update: (text) => say(ListrTaskState.STARTED, text),
        done: (text = "done") => say(ListrTaskState.COMPLETED, text),
        skip: (text) => say(ListrTaskState.SKIPPED, text),
        fail: (text) => say(ListrTaskState.FAILED, text),
      };
    },
    log: options.log,
    async suspend(work) {
      const held = phase;
      await drawn;
      held?.leave();
      try {
        return await work();
      } finally {
        if (held !== undefined && held === phase) drawn = drawn.then(() => held.draw());
      }
    },
    async end() {
      leave();
      await drawn;
    },
  };
}
