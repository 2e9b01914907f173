// Runs one command over an open SSH client and collects what it says, within limits of time and size.
import { constants } from "node:os";
import { Readable } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { RunOptions, RunResult } from "./connection.ts";
import { collectOutput } from "./output.ts";
import { quote } from "./quote.ts";
import { visible } from "./visible.ts";

export interface ExecuteParameters extends Omit<RunOptions, "root"> {
  readonly client: Client;
  /** For messages. */
  readonly target: string;
  readonly command: string;
  /** Written before stdin; a password for sudo. */
  readonly preamble?: string;
}

/** @throws TunnelMeshError TM_SSH_CONNECTION_LOST, TM_SSH_COMMAND_TIMEOUT; the signal's reason when aborted */
export function execute(parameters: ExecuteParameters): Promise<RunResult> {
  const { client, target, command, signal, timeout = 60_000 } = parameters;
  return new Promise((resolve, reject) => {
    let channel: ClientChannel | undefined;
    let code: number | undefined;
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      client.removeListener("close", lost);
    };
    const fail = (error: unknown) => {
      settle();
      channel?.destroy();
      reject(error);
    };
    const abort = () => fail(signal?.reason);
    const lost = () => fail(new TunnelMeshError("TM_SSH_CONNECTION_LOST", { detail: target }));
    const late = () =>
      fail(new TunnelMeshError("TM_SSH_COMMAND_TIMEOUT", { detail: `${target}: ${firstLine(command)}` }));
    const timer = Number.isFinite(timeout) ? setTimeout(late, timeout) : undefined;
    if (signal?.aborted === true) return abort();
    signal?.addEventListener("abort", abort, { once: true });
    client.once("close", lost);
    const start = (error: Error | undefined, opened: ClientChannel) => {
      if (error !== undefined) {
        return fail(
          new TunnelMeshError("TM_SSH_CONNECTION_LOST", {
            detail: `${target}: ${visible(error.message, 500)}`,
            cause: error,
          }),
        );
      }
      channel = opened;
      if (signal?.aborted === true) return abort();
      const keep = parameters.collect ?? true;
      const stdout = collectOutput(opened, keep, parameters.onStdout, fail);
      const stderr = collectOutput(opened.stderr, keep, parameters.onStderr, fail);
      opened.on("exit", (status: number | null, name?: string) => {
        code = status ?? 128 + (signalNumber(name) ?? 1);
      });
      opened.on("close", () => {
        if (code === undefined) return lost();
        settle();
        resolve({ code, stdout: stdout(), stderr: stderr() });
      });
      opened.on("error", fail);
      feed(opened, parameters, fail);
    };
    try {
      client.exec(`exec sh -c ${quote(command)}`, start);
    } catch (error) {
      fail(new TunnelMeshError("TM_SSH_CONNECTION_LOST", { detail: target, cause: error }));
    }
  });
}

function feed(channel: ClientChannel, { stdin, preamble }: ExecuteParameters, fail: (error: unknown) => void): void {
  if (preamble !== undefined) channel.write(preamble);
  if (stdin instanceof Readable) {
    // It may have failed while the channel was opened: then it will not say so again.
    if (stdin.errored !== null) fail(stdin.errored);
    else stdin.once("error", fail).pipe(channel);
  } else if (stdin === undefined) channel.end();
  else channel.end(typeof stdin === "string" ? stdin : Buffer.from(stdin));
}

function signalNumber(name: string | undefined): number | undefined {
  return Object.entries(constants.signals).find(([key]) => key === name || key === `SIG${name}`)?.[1];
}

/** A name for a command in messages. */
export function firstLine(command: string): string {
  const line = command.trim().split("\n")[0] ?? "";
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}
