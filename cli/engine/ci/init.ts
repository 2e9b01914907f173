// tm ci init: writes the configuration of CI into a project; what somebody has edited is shown, and kept unless that is forced.
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { createTwoFilesPatch } from "diff";
import writeFileAtomic from "write-file-atomic";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { CiNeeds } from "./needs.ts";
import { githubDeploy } from "./templates/github-deploy.ts";
import { githubDrift } from "./templates/github-drift.ts";
import { githubPlan } from "./templates/github-plan.ts";
import { gitlab } from "./templates/gitlab.ts";

export type CiService = "github" | "gitlab";

export interface CiFile {
  /** Relative to the project. */
  readonly file: string;
  /** made: it was not there; same: as it would be written; kept: it differs and was left; replaced: it differed, and --force was given. */
  readonly state: "made" | "same" | "kept" | "replaced";
  /** What kept or replaced would change, as a unified difference. */
  readonly difference?: string;
}

/** Contents by path relative to the project. */
export function ciFiles(service: CiService, needs: CiNeeds): Readonly<Record<string, string>> {
  if (service === "gitlab") return { ".gitlab/tm.gitlab-ci.yml": gitlab(needs) };
  const drift = githubDrift(needs);
  return {
    ".github/workflows/tm-plan.yml": githubPlan(needs),
    ".github/workflows/tm-deploy.yml": githubDeploy(needs),
    ...(drift === undefined ? {} : { ".github/workflows/tm-drift.yml": drift }),
  };
}

/** @throws TunnelMeshError TM_CI_WRITE */
export async function writeCiFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
  { force }: { readonly force: boolean },
): Promise<readonly CiFile[]> {
  const written: CiFile[] = [];
  for (const [file, text] of Object.entries(files)) {
    const place = path.join(folder, file);
    try {
      const before = await readIfThere(place);
      if (before === text) {
        written.push({ file, state: "same" });
        continue;
      }
      if (before === undefined || force) {
        await mkdir(path.dirname(place), { recursive: true });
        await writeFileAtomic(place, text);
      }
      if (before === undefined) written.push({ file, state: "made" });
      else written.push({ file, state: force ? "replaced" : "kept", difference: differenceOf(file, before, text) });
    } catch (error) {
      throw new TunnelMeshError("TM_CI_WRITE", { detail: `${file}: ${(error as Error).message}`, cause: error });
    }
  }
  return written;
}

function differenceOf(file: string, before: string, after: string): string {
  return createTwoFilesPatch(file, file, before, after, "as it is", "as it would be written", { context: 2 });
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
