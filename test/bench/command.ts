// Runs and times tm as a user does; what is running is known, so that an interrupt ends it.
import { killGroup, type Project } from "../e2e/project.ts";

const running = new Set<number>();

/** Ends the process groups that `timeCommand` has started and that still run. */
export function killRunning(): void {
  for (const pid of running) killGroup(pid);
}

/** Seconds that `tm PARAMETERS` took from start to exit. @throws Error when it failed */
export async function timeCommand(project: Project, parameters: readonly string[]): Promise<number> {
  const started = performance.now();
  const { pid, done } = project.start(parameters);
  running.add(pid);
  const outcome = await done;
  running.delete(pid);
  const seconds = (performance.now() - started) / 1000;
  if (outcome.code === 0) return seconds;
  throw new Error(`tm ${parameters.join(" ")} ended with ${outcome.code}:\n${outcome.stdout}\n${outcome.stderr}`);
}

/** What a shell command on a host printed. @throws Error when it failed */
export function check(project: Project, address: string, command: string): string {
  const { code, stdout, stderr } = project.on(address, command);
  if (code === 0) return stdout.trim();
  throw new Error(`on ${address}: "${command}" ended with ${code}:\n${stdout}\n${stderr}`);
}
