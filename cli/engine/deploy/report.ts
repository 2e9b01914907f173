// Errors of one host as results carry them, and work on many hosts where one failure does not stop the others.
import pLimit from "p-limit";
import { errorCatalogue } from "../../../protocol/errors/catalogue.ts";
import { isTunnelMeshError, type TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ProgressRow } from "../../output/progress.ts";
import type { ErrorReport } from "./contract.ts";

/** The error form of --json. */
export function reportError(error: TunnelMeshError): ErrorReport {
  return {
    code: error.code,
    message: errorCatalogue[error.code].title,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    advice: error.advice,
  };
}

/** Does `work` and, should it fail, says so in its row before the error goes on. */
export async function failingIn<R>(row: ProgressRow, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (isTunnelMeshError(error)) row.fail(error.message);
    throw error;
  }
}

export type Settled<T, R> =
  | { readonly ok: true; readonly of: T; readonly value: R }
  | { readonly ok: false; readonly of: T; readonly error: TunnelMeshError };

/**
 * Works on all of `many`, at most `parallel` at once; a TunnelMeshError of one is a value. Anything else is a defect and is thrown
 * when all have ended, so is the reason of an aborted `signal`.
 */
export async function settleAll<T, R>(
  many: readonly T[],
  parallel: number,
  signal: AbortSignal,
  work: (one: T) => Promise<R>,
): Promise<readonly Settled<T, R>[]> {
  const limit = pLimit(parallel);
  const settled = await Promise.allSettled(
    many.map((one) =>
      limit(async () => {
        signal.throwIfAborted();
        return work(one);
      }),
    ),
  );
  signal.throwIfAborted();
  return settled.map((result, index) => {
    const of = many[index] as T;
    if (result.status === "fulfilled") return { ok: true, of, value: result.value };
    if (isTunnelMeshError(result.reason)) return { ok: false, of, error: result.reason };
    throw result.reason;
  });
}
