// Renders cli/frame/root-help.txt with the frame itself; run as `./tm @docs/help.ts` to write it, and a test holds the two equal.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { keptHelp } from "../cli/frame/root-help.ts";

const root = path.resolve(import.meta.dirname, "..");

/** The whole text of cli/frame/root-help.txt. */
export function renderRootHelp(): string {
  const start = `await (await import(${JSON.stringify(path.join(root, "cli/frame/start.ts"))})).startCommandLine(["--help"], ${JSON.stringify(root)});`;
  const rendering = execFileSync(
    process.execPath,
    ["--conditions=tunnelmesh-source", "--input-type=module", "--eval", start],
    { encoding: "utf8", env: { ...process.env, NO_COLOR: "1", COLUMNS: "80" } },
  );
  return keptHelp(rendering);
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(path.join(root, "cli/frame/root-help.txt"), renderRootHelp());
}
