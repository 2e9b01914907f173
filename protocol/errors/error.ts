// The one error class of the project: a stable code from the catalogue, what happened, and what to try.
import { type ErrorCode, errorCatalogue } from "./catalogue.ts";

/** What a `TunnelMeshError` may carry besides its code. */
export interface ErrorContext {
  /** The place or the values concerned, as one sentence: "host beta (198.18.3.2:22)". */
  readonly detail?: string;
  /** Advice that fits this case better than the catalogue's. */
  readonly advice?: readonly string[];
  readonly cause?: unknown;
}

const mark = Symbol.for("tunnelmesh.error");

/** An error that a user may read. Its exit code, cause and advice come from the catalogue. */
export class TunnelMeshError extends Error {
  readonly [mark] = true;
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly advice: readonly string[];
  readonly exitCode: number;

  constructor(code: ErrorCode, context: ErrorContext = {}) {
    const entry = errorCatalogue[code];
    super(
      context.detail === undefined ? entry.title : `${entry.title}: ${context.detail}`,
      context.cause === undefined ? undefined : { cause: context.cause },
    );
    this.name = "TunnelMeshError";
    this.code = code;
    this.detail = context.detail;
    this.advice = context.advice ?? entry.advice;
    this.exitCode = entry.exitCode ?? 1;
  }
}

/** Says whether `error` is a `TunnelMeshError`, also one of another copy of this module. */
export function isTunnelMeshError(error: unknown): error is TunnelMeshError {
  return typeof error === "object" && error !== null && mark in error;
}
