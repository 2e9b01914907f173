// The one place that prints errors: headline, cause, what to try, code; JSON on stdout where that was asked for.
import { styleText } from "node:util";
import { errorCatalogue } from "../../protocol/errors/catalogue.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../protocol/errors/error.ts";
import type { ErrorReport } from "../engine/deploy/contract.ts";
import { escapeControls } from "../output/escape.ts";
import type { CallerFlags } from "./caller.ts";

export interface ReportOptions extends Pick<CallerFlags, "json" | "verbose"> {
  /** Full log of this command, named in the message. */
  readonly logFile?: string | undefined;
}

/** Prints `error` and sets the exit code. Does nothing for what only ends the process, such as --help. */
export function reportError(error: unknown, options: ReportOptions): void {
  if (isPlainExit(error)) {
    process.exitCode ??= error.oclif.exit;
    return;
  }
  const known = asTunnelMeshError(error);
  process.exitCode = known.exitCode;
  if (options.json) process.stdout.write(`${JSON.stringify({ error: errorReport(known) }, undefined, 2)}\n`);
  else process.stderr.write(renderError(known));
  if (options.verbose) process.stderr.write(`${escapeControls(traceOf(error))}\n`);
  if (options.logFile !== undefined) process.stderr.write(`Full log: ${options.logFile}\n`);
}

/** The form that errors have in JSON. */
export function errorReport(error: TunnelMeshError): ErrorReport {
  const detail = error.detail === undefined ? {} : { detail: error.detail };
  return { code: error.code, message: errorCatalogue[error.code].title, ...detail, advice: error.advice };
}

/** Whatever was thrown, as an error that a user may read. */
export function asTunnelMeshError(error: unknown): TunnelMeshError {
  if (isTunnelMeshError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isCommandLineError(error)) {
    return new TunnelMeshError("TM_USAGE", {
      detail: message
        .replace(/\nSee more help with --help$/, "")
        .replace(/^command \S+ not found/, (said) => said.replaceAll(":", " ")),
      cause: error,
    });
  }
  return new TunnelMeshError("TM_INTERNAL", { detail: message, cause: error });
}

function renderError(error: TunnelMeshError): string {
  const entry = errorCatalogue[error.code];
  const paint = (style: "red" | "bold" | "dim", text: string) => styleText(style, text, { stream: process.stderr });
  const lines = [
    paint("red", `Error: ${entry.title}`),
    ...(error.detail === undefined
      ? []
      : escapeControls(error.detail)
          .split("\n")
          .map((line) => `  ${line}`)),
    `  ${entry.cause}`,
    paint("bold", "Try this:"),
    ...error.advice.map((advice) => `  - ${escapeControls(advice)}`),
    paint("dim", `Code: ${error.code}`),
  ];
  return `${lines.join("\n")}\n`;
}

function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${traceOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

interface CommandLineError extends Error {
  readonly code?: string;
  readonly oclif: { readonly exit: number };
}

function isCommandLineError(error: unknown): error is CommandLineError {
  return typeof (error as CommandLineError | null)?.oclif?.exit === "number";
}

function isPlainExit(error: unknown): error is CommandLineError {
  return isCommandLineError(error) && error.code === "EEXIT";
}
