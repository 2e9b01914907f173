// Runs the machine's programs (ip, nft, mount, …) and says what they said when they fail.
import { execa } from "execa";

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  readonly message: string;
}

/** Runs a program to its end, at most 60 s, and never throws for what it says. */
export async function attempt(program: string, args: readonly string[], input?: string): Promise<Outcome> {
  const result = await execa(program, args, {
    reject: false,
    timeout: 60_000,
    env: { PATH: searchPath, LC_ALL: "C" },
    extendEnv: false,
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
  });
  const said = result.stderr.trim() || result.stdout.trim() || result.shortMessage || "failed";
  return { ok: !result.failed, stdout: result.stdout, message: `${program} ${args.join(" ")}: ${said.slice(0, 2000)}` };
}

/** Runs a program; throws an `Error` with its words when it fails. */
export async function run(program: string, args: readonly string[], input?: string): Promise<string> {
  const outcome = await attempt(program, args, input);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.stdout;
}

/** Runs lines of `ip` in one process, inside a namespace when one is named. */
export async function ip(namespace: string | undefined, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const where = namespace === undefined ? [] : ["-n", namespace];
  await run("ip", [...where, "-batch", "-"], `${lines.join("\n")}\n`);
}

/** Names of the network namespaces under /run/netns. */
export async function listNamespaces(): Promise<string[]> {
  const outcome = await attempt("ip", ["netns", "list"]);
  return outcome.stdout.split("\n").flatMap((line) => line.split(" ")[0] || []);
}
