#!/usr/bin/env node
// Starts tm: one way in, one way out. A command's own work is loaded only when it runs.
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import path from "node:path";
import { asksForRootHelp, rootHelp } from "./frame/root-help.ts";

const argv = process.argv.slice(2);
const root = path.resolve(import.meta.dirname, "..");
if (asksForRootHelp(argv)) {
  process.stdout.write(rootHelp(root));
} else if (argv.length !== 2 || argv[0] !== "completion" || !(await listAskedNames())) {
  await startFrame();
}

/** For completion scripts, which cannot wait for the frame: `tm completion nodes` and the like. */
async function listAskedNames(): Promise<boolean> {
  const { isListedKind, listNames } = await import("./engine/completion/names.ts");
  const [, kind = ""] = argv;
  if (!isListedKind(kind)) return false;
  process.stdout.write(
    listNames(kind, process.cwd())
      .map((name) => `${name}\n`)
      .join(""),
  );
  return true;
}

/** Compiled code is kept between runs, which halves the start; in the user's own cache, as /tmp is everybody's. */
async function startFrame(): Promise<void> {
  const cache = process.env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache");
  enableCompileCache(path.join(cache, "tunnelmesh/compiled"));
  const { startCommandLine } = await import("./frame/start.ts");
  await startCommandLine(argv, root);
}
