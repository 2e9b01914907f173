// The one place that ends the process: after everything written has left it.

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
