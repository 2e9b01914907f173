// Ctrl-C: once stops cleanly, twice ends at once.
import { writeSync } from "node:fs";
import { TunnelMeshError } from "../../protocol/errors/error.ts";

let controller: AbortController | undefined;

/** The signal of this process, aborted with TM_INTERRUPTED at the first SIGINT, SIGTERM or SIGHUP. */
export function interruption(): AbortSignal {
  if (controller !== undefined) return controller.signal;
  const made = new AbortController();
  controller = made;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupt(made, name));
  return made.signal;
}

let warning: string | undefined;

/** Sets what is said when a second signal ends the process in the middle of something; undefined takes it back. */
export function warnInterrupted(text: string | undefined): void {
  warning = text;
}

function interrupt(made: AbortController, name: string): void {
  if (made.signal.aborted) {
    writeSync(2, "tm: ended at once; run the command again to go on from there\n");
    if (warning !== undefined) writeSync(2, `tm: ${warning}\n`);
    process.exit(130);
  }
  // Straight to the descriptor: a progress list holds back what goes through the stream.
  writeSync(2, "\ntm: stopping cleanly; Ctrl-C again ends at once\n");
  made.abort(new TunnelMeshError("TM_INTERRUPTED", { detail: name }));
}
