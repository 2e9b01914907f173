// Decides the stage: flag, TM_STAGE, .tm/stage, the only mesh file, else main (infrastructure.md §5).
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

const name = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws TunnelMeshError TM_STACK_STAGE, TM_STACK_SEVERAL_STAGES */
export function findStage(
  projectFolder: string,
  given: { readonly flag?: string | undefined; readonly environment?: string | undefined },
): string {
  const stage =
    given.flag ?? (given.environment || undefined) ?? writtenStage(projectFolder) ?? onlyStage(projectFolder);
  if (stage === undefined) return "main";
  if (!name.test(stage)) throw new TunnelMeshError("TM_STACK_STAGE", { detail: JSON.stringify(stage) });
  return stage;
}

function writtenStage(projectFolder: string): string | undefined {
  const text = unlessMissing(() => readFileSync(path.join(projectFolder, ".tm/stage"), "utf8"));
  return text?.trim() || undefined;
}

function onlyStage(projectFolder: string): string | undefined {
  const files = unlessMissing(() => readdirSync(path.join(projectFolder, "mesh"))) ?? [];
  const stages = files.filter((file) => file.endsWith(".jsonl")).map((file) => file.slice(0, -".jsonl".length));
  if (stages.length > 1) {
    throw new TunnelMeshError("TM_STACK_SEVERAL_STAGES", { detail: stages.toSorted().join(", ") });
  }
  return stages[0];
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
