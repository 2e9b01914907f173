// The completion script for zsh: to be sourced, or kept as _tm in a folder of fpath.
import type { Completed, CompletedCommand, CompletedFlag, Value } from "./model.ts";

export function renderZsh({ commands, topics }: Completed): string {
  const firsts = [...commands.filter(({ name }) => !name.includes(" ")), ...topics];
  const seconds = topics.map(({ name: topic }) => {
    const below = commands.filter(({ name }) => name.startsWith(`${topic} `) && name.split(" ").length === 2);
    const described = below.map(({ name, summary }) => ({ name: name.slice(topic.length + 1), summary }));
    return `    ${topic})
      if (( CURRENT == 3 )) && [[ "$words[3]" != -* ]]; then
        words_below=(${described.map(describe).join(" ")})
        _describe -t commands '${topic} command' words_below
        return
      fi
      case "$words[3]" in
        ${described.map(({ name }) => JSON.stringify(name)).join("|")})
          command="$words[2] $words[3]"
          shift words
          (( CURRENT-- ))
          ;;
      esac
      ;;`;
  });
  return `#compdef tm
# Completion of tm for zsh, made by: tm completion zsh

_tm_listed() {
  local -a listed
  listed=(\${(f)"$("$tm_program" completion $1 2>/dev/null)"})
  compadd -a listed
}
_tm_nodes() { _tm_listed nodes }
_tm_groups() { _tm_listed groups }
_tm_stacks() { _tm_listed stacks; _files -g '*.ts' }

_tm() {
  local tm_program=$words[1] command=$words[2]
  local -a words_below
  if (( CURRENT == 2 )); then
    words_below=(${firsts.map(describe).join("\n      ")})
    _describe -t commands 'tm command' words_below
    return
  fi
  case "$command" in
${seconds.join("\n")}
  esac
  shift words
  (( CURRENT-- ))
  case "$command" in
${commands.map(renderCommand).join("\n")}
  esac
}

if [[ "$funcstack[1]" = _tm ]]; then _tm "$@"; else compdef _tm tm; fi
`;
}

function renderCommand({ name, flags, argument }: CompletedCommand): string {
  const specs = [...flags.flatMap(renderFlag), ...(argument === undefined ? [] : [`'*: :${actionOf(argument)}'`])];
  return `    ${JSON.stringify(name)})\n      _arguments -s -S : \\\n${specs.map((spec) => `        ${spec}`).join(" \\\n")}\n      ;;`;
}

function renderFlag({ name, char, summary, value }: CompletedFlag): readonly string[] {
  const both = char === undefined ? "" : `(-${char} --${name})`;
  const text = `[${escapeSpec(summary)}]`;
  const rest = value === undefined ? text : `${text}: :${actionOf(value)}`;
  const long = `'${both}--${name}${value === undefined ? "" : "="}${rest}'`;
  return char === undefined ? [long] : [long, `'${both}-${char}${value === undefined ? "" : "+"}${rest}'`];
}

function actionOf(value: Value): string {
  if (typeof value !== "string") return `(${value.join(" ")})`;
  const actions = { nodes: "_tm_nodes", groups: "_tm_groups", stacks: "_tm_stacks", files: "_files" } as const;
  if (value === "folders") return "_files -/";
  return value === "anything" ? " " : actions[value];
}

function describe({ name, summary }: { readonly name: string; readonly summary: string }): string {
  return `'${name}:${summary.replaceAll("'", "'\\''").replaceAll(":", "\\:")}'`;
}

function escapeSpec(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
}
