// Runs a command line on a terminal and answers whatever it asks, by rules; script(1) of util-linux gives the terminal.
import { spawn } from "node:child_process";

/** What to type when `question` shows up; it may show up any number of times. */
export interface Answer {
  readonly question: RegExp;
  readonly type: string;
}

export interface Talk {
  readonly code: number | null;
  /** Everything that was on the screen, without the sequences that move and colour it. */
  readonly screen: string;
  /** The questions in the order in which they were asked, as they stood on the screen. */
  readonly asked: readonly string[];
}

/** Runs `command` (a line for sh) with a terminal of its own; killed after `timeout` milliseconds. */
export function talkOnTerminal(
  command: string,
  options: {
    readonly cwd: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly answers: readonly Answer[];
    readonly timeout?: number;
  },
): Promise<Talk> {
  const child = spawn("script", ["-qec", `stty cols 120 rows 50; exec ${command}`, "/dev/null"], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const patience = options.timeout ?? 60_000;
  const asked: string[] = [];
  let screen = "";
  let read = 0;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    screen += chunk;
    for (let next = firstQuestion(screen.slice(read), options.answers); next !== undefined; ) {
      read += next.end;
      asked.push(next.text);
      child.stdin.write(next.type);
      next = firstQuestion(screen.slice(read), options.answers);
    }
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`not done after ${patience} ms; on the screen:\n${plain(screen)}`));
    }, patience);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code, screen: plain(screen), asked });
    });
  });
}

function firstQuestion(text: string, answers: readonly Answer[]) {
  const found = answers.flatMap(({ question, type }) => {
    const match = question.exec(text);
    return match === null ? [] : [{ text: match[0], end: match.index + match[0].length, type }];
  });
  return found.toSorted((left, right) => left.end - right.end)[0];
}

function plain(screen: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences are what is taken out
  return screen.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r", "");
}
