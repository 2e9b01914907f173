// Runs one command line to its exit code: environment first, then oclif, then whatever is left is reported and flushed.
import { callerFlags } from "./caller.ts";
import { exitCommand } from "./exit.ts";

/** Never returns: the process ends with the command, whatever it left open. */
export async function startCommandLine(argv: readonly string[], root: string): Promise<never> {
  const caller = callerFlags(argv, process.env);
  // Read by oclif and listr2 when they load, so it is set before they do.
  if (caller.plain) process.env["NO_COLOR"] = "1";
  try {
    const { runCommand } = await import("./oclif.ts");
    await runCommand(namesCommand(argv) ? argv : ["next", ...argv], root);
  } catch (error) {
    const { reportError } = await import("./report.ts");
    reportError(error, caller);
  }
  return exitCommand();
}

/** False for nothing, and for flags alone that are about a command: those are about the next step then. */
function namesCommand([first]: readonly string[]): boolean {
  return first !== undefined && (!first.startsWith("-") || ["--help", "-h", "--version"].includes(first));
}
