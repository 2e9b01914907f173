// The full log of a command in .tm/logs/: readable by its owner alone, the newest 20 kept.
import { appendFileSync, closeSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { escapeControls } from "../output/escape.ts";

const kept = 20;

/** Takes lines; never a secret. Control characters are kept as escapes: the file will be shown on a terminal. */
export interface CommandLog {
  write(text: string): void;
  /** Where the file is; undefined while there is none. */
  readonly file: string | undefined;
}

/** Opens the log of `command` in a project. Lines written before a project is known are kept and come first. */
export function createLog(command: string): CommandLog & { open(projectFolder: string): void } {
  const waiting: string[] = [];
  let file: string | undefined;
  return {
    get file() {
      return file;
    },
    write(text) {
      const line = `${new Date().toISOString()} ${escapeControls(text)}\n`;
      if (file !== undefined) appendFileSync(file, line);
      else if (waiting.length < 1000) waiting.push(line);
    },
    open(projectFolder) {
      if (file !== undefined) return;
      const folder = path.join(projectFolder, ".tm/logs");
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      prune(folder);
      const name = `${new Date().toISOString().replace(/[:.]/g, "-")}-${process.pid}-${command.replace(/[^a-z]+/g, "-")}.log`;
      file = path.join(folder, name);
      closeSync(openSync(file, "ax", 0o600));
      appendFileSync(file, waiting.splice(0).join(""));
    },
  };
}

function prune(folder: string): void {
  const logs = readdirSync(folder).filter((name) => name.endsWith(".log"));
  for (const name of logs.toSorted().slice(0, Math.max(0, logs.length - kept + 1))) {
    rmSync(path.join(folder, name), { force: true });
  }
}
