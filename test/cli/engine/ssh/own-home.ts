// Runs a program with a home of its own: in a mount namespace where the passwd file says so, as ssh asks no variable.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/** Runs Node with `words` at home in `home`; needs root. Returns what it printed. */
export async function runAtHome(
  home: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  mkdirSync(home, { recursive: true });
  const passwd = path.join(home, "passwd");
  const text = readFileSync("/etc/passwd", "utf8").replace(/^(root:[^:]*:0:0:[^:]*):[^:]*:/m, `$1:${home}:`);
  writeFileSync(passwd, text);
  writeFileSync(path.join(home, "ssh_config"), "");
  const script = [
    "set -e",
    'mount --bind "$1/passwd" /etc/passwd',
    'if [ -e /etc/ssh/ssh_config ]; then mount --bind "$1/ssh_config" /etc/ssh/ssh_config; fi',
    'export HOME="$1"; shift',
    'exec "$@"',
  ].join("\n");
  const command = [process.execPath, "--conditions=tunnelmesh-source", ...words];
  const { stdout } = await promisify(execFile)("unshare", ["-m", "sh", "-c", script, "sh", home, ...command], {
    env: { ...process.env, ...environment },
    maxBuffer: 16 * 1024 * 1024,
    timeout: 60_000,
  });
  return stdout;
}
