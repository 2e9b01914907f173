// Finds the folder of this package: the checkout, or where npm installed it.
import { existsSync } from "node:fs";
import path from "node:path";

/** The nearest folder upwards from `folder` with a package.json. @throws Error when there is none */
export function packageRoot(folder: string): string {
  if (existsSync(path.join(folder, "package.json"))) return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error("no package.json above this file");
  return packageRoot(parent);
}
