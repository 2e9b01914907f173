// What stands after "--" on a command line is for a host, not for tm.

/** Parts the arguments of a command at the first "--"; `command` is absent where there is none. */
export function partArguments(argv: readonly string[]): {
  readonly own: string[];
  readonly command: string[] | undefined;
} {
  const end = argv.indexOf("--");
  return end < 0 ? { own: [...argv], command: undefined } : { own: argv.slice(0, end), command: argv.slice(end + 1) };
}
