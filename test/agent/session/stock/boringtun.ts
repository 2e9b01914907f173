// Where boringtun-cli is, if anywhere: in a cache of ours, of the tests or of the benchmark, where cargo puts it, or installed.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Its path, or undefined. */
export function findBoringtun(): string | undefined {
  const folders = [
    join(homedir(), ".cache/tunnelmesh/boringtun/bin"),
    join(homedir(), ".cache/tunnelmesh/bench/bin"),
    join(homedir(), ".cargo/bin"),
    "/usr/local/bin",
    "/usr/bin",
  ];
  return folders.map((folder) => join(folder, "boringtun-cli")).find((file) => existsSync(file));
}
