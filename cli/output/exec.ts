// Shows what a command says on one host as it is, and on several with the host's name before each line.
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { ExecResult, OnOutput } from "../engine/deploy/around-contract.ts";
import { renderReport } from "./mesh.ts";
import { type PrefixedStream, prefixLines } from "./prefix.ts";

export interface HostOutput {
  /** Says which hosts will speak, before they do. */
  start(names: readonly string[]): void;
  readonly write: OnOutput;
  /** Gives what is left of lines without an end. */
  end(): void;
}

/** Output of one host passes through; that of several goes line by line. */
export function createHostOutput(
  streams: Readonly<Record<"stdout" | "stderr", { write(chunk: Buffer): unknown }>>,
): HostOutput {
  const prefixed = new Map<string, PrefixedStream>();
  let width: number | undefined;
  return {
    start(names) {
      width = names.length > 1 ? Math.max(...names.map((name) => name.length)) : undefined;
    },
    write(name, stream, chunk) {
      if (width === undefined) return void streams[stream].write(chunk);
      const key = `${stream} ${name}`;
      const lines = prefixed.get(key) ?? prefixLines(name, width, (line) => streams[stream].write(line));
      prefixed.set(key, lines);
      lines.write(chunk);
    },
    end() {
      for (const lines of prefixed.values()) lines.end();
    },
  };
}

/** The hosts where the command did not run to its end, as one error; undefined when there is none. */
export function unreached({ hosts }: ExecResult): TunnelMeshError | undefined {
  const errors = hosts.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, error }]));
  if (errors.length === 0) return undefined;
  return new TunnelMeshError("TM_DEPLOY_UNREACHED", {
    detail: errors.map(({ name, error }) => `${name}: ${renderReport(error)} (${error.code})`).join("\n"),
    advice: [...new Set(errors.flatMap(({ error }) => error.advice))],
  });
}
