// A benchmark that is interrupted takes away what it made before it ends.

/** Calls `end` when SIGINT or SIGTERM comes, and exits after it. Call what it gives once there is nothing left to take away. */
export function endOnInterrupt(end: () => Promise<void>): () => void {
  const interrupt = (): void => void end().finally(() => process.exit(130));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  return () => process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
}
