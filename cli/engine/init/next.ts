// Says what to do after a project was made.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { quote } from "../ssh/quote.ts";
import type { MadeProject } from "./project.ts";

/** Commands and edits in their order, from `cwd`. */
export function nextSteps(made: MadeProject, cwd: string, root: string): readonly string[] {
  const kept = (file: string) => made.files.some((entry) => entry.file === file && entry.state === "kept");
  const untyped = existsSync(path.join(root, "cli/bin.ts")) && !existsSync(path.join(root, "dist/types"));
  const folder = path.relative(cwd, made.folder);
  return [
    ...(folder === "" ? [] : [`cd ${quote(folder)}`]),
    ...(untyped ? [`(cd ${quote(root)} && npm run build)   # types for your editor, which a clone makes first`] : []),
    kept("package.json") && !namesPackage(made.folder)
      ? `npm install ${quote(installable(made.dependency))}`
      : "npm install",
    ...(made.notOffered === undefined
      ? []
      : [`ssh-add ${quote(made.notOffered)}   # it signs; to log in with it too, load it or name it in ~/.ssh/config`]),
    kept("stack.ts") ? "look at stack.ts" : "put your machines into stack.ts",
    "tm plan",
    "tm deploy",
  ];
}

function installable(dependency: string): string {
  return dependency.startsWith("file:") ? dependency : `tunnelmesh@${dependency}`;
}

/** Says whether the project's package.json has tunnelmesh in it already. */
function namesPackage(folder: string): boolean {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  return { ...dependencies, ...devDependencies }["tunnelmesh"] !== undefined;
}
