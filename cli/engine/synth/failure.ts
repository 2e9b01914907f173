// Says what kept a stack file from loading, with the place.
import path from "node:path";
import { placeInTrace } from "../../../constructs/place.ts";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import type { SynthAnswer, SynthRequest } from "./message.ts";

type Failure = Extract<SynthAnswer, { ok: false }>;

/** Turns what import or synthesis threw into an answer. */
export function describeFailure(error: unknown, request: SynthRequest): Failure {
  const trace = error instanceof Error ? traceOf(error) : undefined;
  if (isTunnelMeshError(error)) {
    return { ok: false, code: error.code, detail: error.detail, advice: error.advice, trace };
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const at = placeOf(error, request);
  const fail = (kind: Failure["code"], why: string): Failure => ({
    ok: false,
    code: kind,
    detail: `${at}: ${why}`,
    advice: undefined,
    trace,
  });
  if (error instanceof SyntaxError || code?.endsWith("_TYPESCRIPT_SYNTAX")) {
    if (/does not provide an export named/.test(message)) return fail("TM_STACK_IMPORT", firstLine(message));
    return fail("TM_STACK_SYNTAX", firstLine(message));
  }
  if (code === "ERR_MODULE_NOT_FOUND" || code === "ERR_UNSUPPORTED_DIR_IMPORT") {
    return fail("TM_STACK_IMPORT", firstLine(message));
  }
  return fail("TM_STACK_FAILED", message);
}

function placeOf(error: unknown, { stackFile, projectFolder }: SynthRequest): string {
  const relative = (file: string, line: number | string) => `${path.relative(path.dirname(stackFile), file)}:${line}`;
  const trace = error instanceof Error ? (error.stack ?? "") : "";
  // A parser's error begins with "file:///…/stack.ts:3", before the message.
  const [, parsed, line] = /^(?:file:\/\/)?(\/[^\n]+?):(\d+)$/m.exec(trace) ?? [];
  if (parsed !== undefined && line !== undefined) return relative(decodeURI(parsed), line);
  const place = placeInTrace(trace, (file) => file.startsWith(projectFolder) && !file.includes("/node_modules/"));
  return place ? relative(place.file, place.line) : path.basename(stackFile);
}

function firstLine(message: string): string {
  return message.split("\n")[0]?.trim() ?? message;
}

function traceOf(error: Error): string {
  const inner = error.cause instanceof Error ? error.cause : error;
  return inner.stack ?? inner.message;
}
