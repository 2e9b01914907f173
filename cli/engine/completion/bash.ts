// The completion script for bash; written for 3.2 too, which macOS has.
import type { Completed, CompletedCommand, Value } from "./model.ts";

export function renderBash({ commands, topics }: Completed): string {
  const tops = [...commands.map(({ name }) => name.split(" ")[0] ?? ""), ...topics.map(({ name }) => name)];
  return `# Completion of tm for bash, made by: tm completion bash

# Sets tm_kind to what the value of a flag is; empty for a switch. Arguments: command, flag.
_tm_flag_value() {
  case "$1 $2" in
${commands.flatMap(flagCases).join("\n")}
    *) tm_kind= ;;
  esac
}

# Prints the words that may follow a command, one a line. Argument: command.
_tm_flags() {
  case "$1" in
${commands.map(({ name, flags }) => `    "${name}") printf '%s\\n' ${flags.map((flag) => `--${flag.name}`).join(" ")} ;;`).join("\n")}
    "") printf '%s\\n' --help --version ;;
  esac
}

# Sets tm_kind to what the argument of a command is. Argument: command.
_tm_argument() {
  case "$1" in
    "") tm_kind="words ${[...new Set(tops)].toSorted().join(" ")}" ;;
${topics.map(({ name }) => `    "${name}") tm_kind="words ${secondWords(commands, name).join(" ")}" ;;`).join("\n")}
${commands.map(({ name, argument }) => `    "${name}") tm_kind="${kindOf(argument)}" ;;`).join("\n")}
    *) tm_kind= ;;
  esac
}

_tm() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" pending="" tm_kind="" word index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    [ "$word" = "=" ] && continue
    if [ -n "$pending" ]; then pending=""; continue; fi
    case "$word" in
      --) compopt -o default 2>/dev/null; return ;;
      -*) _tm_flag_value "$command" "$word"; pending="$tm_kind" ;;
      *) case "$command" in
          "") command="$word" ;;
${topics.map(({ name }) => `          "${name}") case "$word" in ${secondWords(commands, name).join("|")}) command="$command $word" ;; esac ;;`).join("\n")}
        esac ;;
    esac
  done
  [ "$current" = "=" ] && current=""
  if [ -n "$pending" ]; then tm_kind="$pending"
  elif [ "\${current#-}" != "$current" ]; then tm_kind="words $(_tm_flags "$command")"
  else _tm_argument "$command"
  fi
  case "$tm_kind" in
    "words "*) COMPREPLY=($(compgen -W "\${tm_kind#words }" -- "$current")) ;;
    nodes|groups|stacks) COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" completion "$tm_kind" 2>/dev/null)" -- "$current")) ;;
  esac
  case "$tm_kind" in
    stacks|files) compopt -o default 2>/dev/null; [ \${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current")) ;;
    folders) compopt -o dirnames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")) ;;
  esac
}

complete -F _tm tm
`;
}

function flagCases({ name, flags }: CompletedCommand): readonly string[] {
  return flags.flatMap(({ name: flag, char, value }) => {
    if (value === undefined) return [];
    const patterns = [`--${flag}`, ...(char === undefined ? [] : [`-${char}`])].map((word) => `"${name} ${word}"`);
    return [`    ${patterns.join("|")}) tm_kind="${kindOf(value)}" ;;`];
  });
}

function secondWords(commands: readonly CompletedCommand[], topic: string): readonly string[] {
  const below = commands.filter(({ name }) => name.startsWith(`${topic} `));
  return [...new Set(below.map(({ name }) => name.split(" ")[1] ?? ""))];
}

function kindOf(value: Value | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : `words ${value.join(" ")}`;
}
