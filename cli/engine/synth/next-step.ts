// Decides what somebody who typed `tm` alone most likely wants to do next.
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { findProject, findStack } from "./find.ts";
import { findStage } from "./stage.ts";

export interface NextStep {
  readonly state: "no-stack" | "not-deployed" | "deployed";
  readonly says: string;
  readonly commands: readonly { readonly command: string; readonly does: string }[];
}

/** Reads file names only; runs no stack. */
export function findNextStep(options: {
  readonly cwd: string;
  readonly stage?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): NextStep {
  const found = stackOrNone(options.cwd);
  if (found === undefined) return withoutStack(options.cwd);
  const stage = findStage(found.projectFolder, { flag: options.stage, environment: options.environment["TM_STAGE"] });
  const file = path.relative(options.cwd, found.stackFile) || found.stackFile;
  const meshFile = statSync(path.join(found.projectFolder, "mesh", `${stage}.jsonl`), { throwIfNoEntry: false });
  if (meshFile === undefined || meshFile.size === 0) {
    return {
      state: "not-deployed",
      says: `${file} is not deployed (stage ${stage}).`,
      commands: [
        { command: "tm plan", does: "show what a deploy would do" },
        { command: "tm deploy", does: "make the mesh" },
      ],
    };
  }
  return {
    state: "deployed",
    says: `${file} is deployed (stage ${stage}).`,
    commands: [
      { command: "tm status", does: "how its members are" },
      { command: "tm deploy", does: "make it what the stack says now" },
      { command: "tm add-node user@host", does: "one more machine" },
      { command: "tm destroy", does: "take it off its hosts again" },
    ],
  };
}

function stackOrNone(cwd: string) {
  try {
    return findStack(undefined, cwd);
  } catch (error) {
    if (isTunnelMeshError(error) && error.code === "TM_STACK_NOT_FOUND") return undefined;
    throw error;
  }
}

function withoutStack(cwd: string): NextStep {
  const project = findProject(cwd);
  const quickstart = project !== undefined && existsSync(path.join(project, "stacks/quickstart.ts"));
  const commands = quickstart
    ? [
        { command: "npm run quickstart", does: "a mesh of three machines made here, as root" },
        { command: "tm deploy stacks/NAME.ts", does: "deploy one of the stacks in stacks/" },
      ]
    : [
        { command: "tm init", does: "make a project in this folder: a stack file and what it needs" },
        { command: "tm deploy FILE", does: "deploy a stack file" },
      ];
  return { state: "no-stack", says: "There is no stack here yet.", commands };
}
