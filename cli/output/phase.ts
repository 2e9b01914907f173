// One phase of a progress list: listr2's rows and renderer without its runner, as the work runs elsewhere and only reports.
import { DefaultRenderer, Listr, ListrLogger, ListrTaskState, PRESET_TIMER, ProcessOutput } from "listr2";
import { renderElapsed } from "./table.ts";

export interface PhaseRow {
  note(state: ListrTaskState, text: string): void;
}

export interface Phase {
  /** The same name gives the same row. */
  row(name: string): PhaseRow;
  draw(): Promise<void>;
  /** Leaves the rows on the screen as they are; `draw` begins again below them. */
  leave(): void;
}

type Rows = Listr<unknown, typeof DefaultRenderer, typeof DefaultRenderer>;

/** A phase whose title and rows are drawn on `stream` once `draw` is called. */
export function createPhase(title: string, stream: NodeJS.WriteStream): Phase {
  const listr: Rows = new Listr([], {
    registerSignalListeners: false,
    renderer: DefaultRenderer,
    fallbackRenderer: DefaultRenderer,
    exitOnError: false,
  });
  const rows = new Map<string, PhaseRow & { tick(): void }>();
  let renderer: DefaultRenderer | undefined;
  let timer: NodeJS.Timeout | undefined;
  let titled = false;
  return {
    row(name) {
      const known = rows.get(name);
      if (known !== undefined) return known;
      const row = addRow(listr, name);
      rows.set(name, row);
      return row;
    },
    async draw() {
      if (!titled) stream.write(`${title}\n`);
      titled = true;
      const logger = new ListrLogger({
        useIcons: true,
        toStderr: [],
        processOutput: new ProcessOutput(stream, stream),
      });
      const options = { logger, timer: PRESET_TIMER, collapseErrors: false, collapseSkips: true };
      renderer = new DefaultRenderer(listr.tasks as never, options, listr.events);
      await renderer.render();
      timer = setInterval(() => {
        for (const row of rows.values()) row.tick();
      }, 1000);
      timer.unref();
    },
    leave() {
      clearInterval(timer);
      renderer?.end();
      renderer = undefined;
    },
  };
}

function addRow(listr: Rows, name: string): PhaseRow & { tick(): void } {
  const started = Date.now();
  let text = "";
  listr.add({ title: name, task: () => undefined });
  const task = listr.tasks.at(-1);
  // The runner would ask this; a row that was never asked is not drawn.
  void task?.check(undefined);
  const title = () => (text === "" ? name : `${name}  ${text}`);
  const row = {
    note(state: ListrTaskState, said: string) {
      text = said;
      if (task === undefined) return;
      task.title$ = title();
      if (state === ListrTaskState.COMPLETED) task.message$ = { duration: Date.now() - started };
      if (state === ListrTaskState.SKIPPED) task.message$ = { skip: title() };
      task.state$ = state;
    },
    tick() {
      const elapsed = Date.now() - started;
      if (task?.isStarted() && elapsed > 2000) task.title$ = `${title()}  (${renderElapsed(elapsed)})`;
    },
  };
  row.note(ListrTaskState.STARTED, "");
  return row;
}
