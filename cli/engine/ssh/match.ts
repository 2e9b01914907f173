// Decides whether a Match line of ssh_config applies.
import { spawnSync } from "node:child_process";
import { brokenConfiguration } from "./broken.ts";
import { matchesPatterns } from "./patterns.ts";
import { expandTokens, type TokenValues } from "./tokens.ts";

export interface MatchSubject {
  /** The host as far as it is known by now. */
  readonly values: TokenValues;
  /** The configuration is read for the second time. */
  readonly finalPass: boolean;
  /** Said when a line wants the second time. */
  readonly wantFinalPass: () => void;
  readonly shell: string;
}

const execTimeout = 10_000;

/** @throws TunnelMeshError TM_SSH_CONFIGURATION on a criterion that only the ssh program knows */
export function matches(words: readonly string[], subject: MatchSubject): boolean {
  const { values } = subject;
  let result = true;
  for (let at = 0; at < words.length; at += 1) {
    const [negation, criterion] = readCriterion(words[at]!);
    const argument = () => {
      at += 1;
      const word = words[at];
      if (word === undefined) throw brokenConfiguration(values.original, `Match ${criterion} names nothing`);
      return word;
    };
    const list = (text: string, lower = false) => {
      const patterns = argument();
      return matchesPatterns((lower ? patterns.toLowerCase() : patterns).split(","), text);
    };
    const holds = (): boolean => {
      switch (criterion) {
        case "all":
          return true;
        case "canonical":
          return subject.finalPass;
        case "final":
          subject.wantFinalPass();
          return subject.finalPass;
        case "host":
          return list(values.host, true);
        case "originalhost":
          return list(values.original, true);
        case "user":
          return list(values.user);
        case "localuser":
          return list(values.localUser);
        case "exec": {
          const command = expandTokens(argument(), values, "CdhijkLlnpru");
          // As ssh does: what cannot change the answer any more is not run.
          return result && runs(command, subject.shell);
        }
        default:
          throw brokenConfiguration(values.original, `Match ${criterion} is known to the program ssh alone`, [
            "Install OpenSSH's client: then it reads the configuration.",
          ]);
      }
    };
    if (holds() === negation) result = false;
  }
  return result;
}

function readCriterion(word: string): [negation: boolean, criterion: string] {
  return word.startsWith("!") ? [true, word.slice(1).toLowerCase()] : [false, word.toLowerCase()];
}

function runs(command: string, shell: string): boolean {
  return spawnSync(shell, ["-c", command], { stdio: "ignore", timeout: execTimeout }).status === 0;
}
