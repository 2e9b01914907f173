// What `tm --help` shows, kept as text: the frame that could render it takes longer to load than a person should wait for help.
import { readFileSync } from "node:fs";
import path from "node:path";

/** Where a rendering names version, platform and Node; these differ from machine to machine. */
const versionLine = /^ {2}tunnelmesh\/\S+ \S+ node-v\S+$/m;
const file = path.join(import.meta.dirname, "root-help.txt");

/** Says whether the whole command line asks for help about tm itself. */
export function asksForRootHelp(argv: readonly string[]): boolean {
  return argv.length === 1 && ["--help", "-h", "help"].includes(argv[0] ?? "");
}

/** The text, with this machine's version line. @param root folder of package.json */
export function rootHelp(root: string): string {
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  const line = `  tunnelmesh/${version} ${process.platform}-${process.arch} node-${process.version}`;
  return readFileSync(file, "utf8").replace("  VERSION-LINE", line);
}

/** A rendering as it is kept in root-help.txt. */
export function keptHelp(rendering: string): string {
  return rendering.replace(versionLine, "  VERSION-LINE");
}
