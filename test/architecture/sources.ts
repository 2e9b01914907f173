// Lists the project's own source files for the tests of its architecture.
import { execFileSync } from "node:child_process";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");
export const rooms = ["agent", "cli", "constructs", "coordinator", "package", "protocol", "stacks"] as const;

/** Paths below the checkout of files that git tracks or would track, ending in `ending`. */
export function sourceFiles(ending: string): string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root });
  return listed
    .toString()
    .split("\0")
    .filter((file) => file.endsWith(ending));
}
