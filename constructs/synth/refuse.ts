// Makes the error of a stack that does not hold, with the place in it.
import path from "node:path";
import type { ErrorCode } from "../../protocol/errors/catalogue.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { Place } from "../place.ts";

/** Makes errors for one stack file. */
export type Refuse = (
  code: ErrorCode,
  where: { readonly what: string; readonly place?: Place | undefined },
  why: string,
  advice?: readonly string[],
) => TunnelMeshError;

/** Errors read "node beta (stack.ts:12): why"; without a line, the file stands for the place. */
export function refuseFor(stackFile: string): Refuse {
  return (code, { what, place }, why, advice) => {
    const where = place
      ? `${path.relative(path.dirname(stackFile), place.file)}:${place.line}`
      : path.basename(stackFile);
    return new TunnelMeshError(code, {
      detail: `${what} (${where}): ${why}`,
      ...(advice === undefined ? {} : { advice }),
    });
  };
}
