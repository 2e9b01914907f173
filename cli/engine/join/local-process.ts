// Runs one shell command on this machine, within limits of time and size, in a process group that ends as a whole.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { Readable } from "node:stream";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { RunOptions, RunResult } from "../ssh/connection.ts";
import { collectOutput } from "../ssh/output.ts";

export interface LocalCommand extends Omit<RunOptions, "root"> {
  /** Program and its arguments; no secret is ever among them. */
  readonly words: readonly [string, ...string[]];
  /** For messages. */
  readonly title: string;
  /** All that the command finds in its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws TunnelMeshError TM_SSH_COMMAND_FAILED, TM_SSH_COMMAND_TIMEOUT; the signal's reason when aborted */
export function runLocally(command: LocalCommand): Promise<RunResult> {
  const { signal, timeout = 60_000, title, words, environment, stdin } = command;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const [program, ...parameters] = words;
    // A group of its own: Ctrl-C on the terminal is for tm, which ends its commands itself.
    const child = spawn(program, parameters, { cwd: "/", env: environment, detached: true });
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const fail = (error: unknown) => {
      settle();
      endGroup(child.pid);
      reject(error);
    };
    const abort = () => fail(signal?.reason);
    const late = () => fail(new TunnelMeshError("TM_SSH_COMMAND_TIMEOUT", { detail: title }));
    const timer = Number.isFinite(timeout) ? setTimeout(late, timeout) : undefined;
    signal?.addEventListener("abort", abort, { once: true });
    const keep = command.collect ?? true;
    const stdout = collectOutput(child.stdout, keep, command.onStdout, fail);
    const stderr = collectOutput(child.stderr, keep, command.onStderr, fail);
    child.once("error", (cause) =>
      fail(new TunnelMeshError("TM_SSH_COMMAND_FAILED", { detail: `${title}: ${cause.message}`, cause })),
    );
    child.once("close", (code, name) => {
      settle();
      const status = code ?? 128 + (name === null ? 1 : constants.signals[name]);
      resolve({ code: status, stdout: stdout(), stderr: stderr() });
    });
    // A command may end before it has read all of its input.
    child.stdin.on("error", () => child.stdin.destroy());
    if (stdin instanceof Readable) {
      if (stdin.errored !== null) fail(stdin.errored);
      else stdin.once("error", fail).pipe(child.stdin);
    } else child.stdin.end(stdin);
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGTERM");
  } catch (error) {
    // One that has ended already is what was wanted; one of root's ends with its input.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
