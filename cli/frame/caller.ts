// What the command line says about how to speak, read before anything is parsed: errors of parsing obey it too.

export interface CallerFlags {
  readonly json: boolean;
  /** --verbose or DEBUG: traces and log lines on the screen. */
  readonly verbose: boolean;
  /** No colours and nothing that moves. */
  readonly plain: boolean;
}

export function callerFlags(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CallerFlags {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  return {
    json: own.includes("--json") || environment["TM_CONTENT_TYPE"]?.toLowerCase() === "json",
    verbose: own.includes("--verbose") || Boolean(environment["DEBUG"]),
    plain: own.includes("--no-color") || Boolean(environment["NO_COLOR"]) || Boolean(environment["CI"]),
  };
}
