// Renders docs/cli.md from the commands' own words; run as `./tm @docs/cli.ts` to write it, and a test holds the two equal.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { commands } from "../cli/commands/index.ts";
import { globalFlags } from "../cli/frame/base.ts";

interface Flag {
  readonly char?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly helpValue?: string | string[];
  readonly default?: unknown;
  readonly options?: readonly string[];
}

interface Argument {
  readonly description?: string;
  readonly required?: boolean;
  readonly multiple?: boolean;
}

interface Documented {
  readonly summary?: string;
  readonly description?: string;
  readonly hidden?: boolean;
  readonly hiddenAliases?: readonly string[];
  readonly examples?: readonly unknown[];
  readonly args?: Readonly<Record<string, Argument>>;
  readonly flags?: Readonly<Record<string, Flag>>;
}

const head = `# Commands

\`tm\` alone shows the next sensible step. \`tm COMMAND --help\` says what is below, on the terminal. This page is made from the commands by \`./tm @docs/cli.ts\`.

With \`--json\` a command writes exactly one JSON document to stdout, its result or \`{"error": {"code", "message", "detail", "advice"}}\`, and everything else to stderr. Without it, too, stdout is for the result: progress and errors go to stderr. Without a terminal nothing is ever asked: a command that needs an answer ends with 64 and names the command to run. Ctrl-C once stops cleanly, twice at once. The full log of each run is in \`.tm/logs/\` of the project.

A command means the stack file that is its argument, else the one of \`.tm/current\` (which \`tm deploy\` writes), else the nearest \`stack.ts\` in the folder or above it.

Exit codes:

- 0: done
- 1: failed
- 2: there are changes (\`tm plan --detailed-exitcode\`), or drift (\`tm drift\`)
- 3: refused by policy, or a signature is missing
- 4: the plan is not the expected one
- 5: some hosts failed and the others are done; run it again
- 64: the command line does not fit, or a question could not be asked
- 130: interrupted

The codes of errors are in [errors.md](errors.md).
`;

/** The whole text of docs/cli.md. */
export function renderCommands(): string {
  const sections = Object.entries(commands as Readonly<Record<string, Documented>>)
    .filter(([, command]) => !command.hidden)
    .map(([id, command]) => renderCommand(id.replaceAll(":", " "), command));
  const json = { json: { summary: "One JSON document on stdout." } };
  return [
    head,
    `## Flags of every command\n\n${renderFlags({ ...globalFlags, ...json } as never)}\n`,
    ...sections,
  ].join("\n");
}

function renderCommand(name: string, command: Documented): string {
  const parameters = Object.entries(command.args ?? {});
  const usage = parameters.map(([key, { required, multiple }]) => {
    const shown = `${key.toUpperCase()}${multiple ? "…" : ""}`;
    return required ? shown : `[${shown}]`;
  });
  const aliases = (command.hiddenAliases ?? []).map((alias) => `\`tm ${alias.replaceAll(":", " ")}\``);
  const parts = [
    `## tm ${[name, ...usage].join(" ")}`,
    [command.summary, command.description].filter(Boolean).join(" "),
    aliases.length === 0 ? "" : `Also ${aliases.join(", ")}.`,
    [...parameters.map(([key, argument]) => renderArgument(key, argument)), renderFlags(command.flags ?? {})]
      .join("\n")
      .trim(),
    (command.examples ?? []).length === 0
      ? ""
      : `\`\`\`\n${(command.examples ?? []).map(renderExample).join("\n")}\n\`\`\``,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function renderArgument(name: string, { description }: Argument): string {
  return `- \`${name.toUpperCase()}\`: ${description ?? ""}`;
}

function renderFlags(flags: Readonly<Record<string, Flag>>): string {
  return Object.entries(flags)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, flag]) => {
      const value = flag.options?.join("|") ?? flag.helpValue;
      const long = `--${name}${value === undefined ? "" : ` ${String(value)}`}`;
      const preset = ["string", "number"].includes(typeof flag.default) ? ` Default: ${String(flag.default)}.` : "";
      return `- \`${flag.char === undefined ? "" : `-${flag.char}, `}${long}\`: ${flag.summary ?? ""}${preset}`;
    })
    .join("\n");
}

function renderExample(example: unknown): string {
  return String(example).replaceAll("<%= config.bin %>", "tm");
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(path.join(import.meta.dirname, "cli.md"), renderCommands());
}
