// The one place that ends the process: after everything written has left it.
import { constants } from "node:os";

/** Flushes stdout and stderr, then exits with `process.exitCode`. */
export async function exitCommand(): Promise<never> {
  await Promise.all([drain(process.stdout), drain(process.stderr)]);
  process.exit(process.exitCode ?? 0);
}

function drain(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write("", () => resolve());
  });
}

/** Ends the process, as SIGPIPE would, when whoever reads stdout has left: for output that goes on, such as a log into `head`. */
export function exitWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(128 + constants.signals.SIGPIPE);
  });
}
