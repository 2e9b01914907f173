// The completion script for fish.
import type { Completed, CompletedCommand, CompletedFlag, Value } from "./model.ts";

export function renderFish({ commands, topics }: Completed): string {
  const offers = [
    ...[...commands.filter(({ name }) => !name.includes(" ")), ...topics].map((first) =>
      offer("", first.name, first.summary),
    ),
    ...commands.flatMap(({ name, summary }) => {
      const [topic = "", second] = name.split(" ");
      return second === undefined ? [] : [offer(topic, second, summary)];
    }),
  ];
  return `# Completion of tm for fish, made by: tm completion fish

# The words of the command line before the cursor that are no flags.
function __tm_words
    set -l tokens (commandline -opc)
    string match -v -- '-*' $tokens[2..]
end

# Says whether the command line so far begins with these words.
function __tm_in
    set -l words (__tm_words)
    test "$words[1..$(count $argv)]" = "$argv"
end

# Says whether it is exactly these words.
function __tm_at
    set -l words (__tm_words)
    test "$words" = "$argv"
end

function __tm_listed
    set -l tokens (commandline -opc)
    $tokens[1] completion $argv 2>/dev/null
end

complete -c tm -f
${offers.join("\n")}
${commands.flatMap(renderCommand).join("\n")}
`;
}

function offer(after: string, word: string, summary: string): string {
  return `complete -c tm -n ${quote(`__tm_at ${after}`.trim())} -a ${word} -d ${quote(summary)}`;
}

function renderCommand({ name, flags, argument }: CompletedCommand): readonly string[] {
  const within = `complete -c tm -n ${quote(`__tm_in ${name}`)}`;
  return [
    ...(argument === undefined ? [] : [`${within} ${argumentOf(argument)}`]),
    ...flags.map((flag) => `${within} ${renderFlag(flag)}`),
  ];
}

function renderFlag({ name, char, summary, value }: CompletedFlag): string {
  const words = [`-l ${name}`, ...(char === undefined ? [] : [`-s ${char}`]), `-d ${quote(summary)}`];
  if (value === undefined) return words.join(" ");
  return [...words, "-r", argumentOf(value)].join(" ");
}

function argumentOf(value: Value): string {
  if (typeof value !== "string") return `-f -a ${quote(value.join(" "))}`;
  if (value === "files") return "-F";
  if (value === "stacks") return `-F -a ${quote("(__tm_listed stacks)")}`;
  if (value === "folders") return `-f -a ${quote("(__fish_complete_directories)")}`;
  return value === "anything" ? "-f" : `-f -a ${quote(`(__tm_listed ${value})`)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
