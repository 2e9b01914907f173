// Lets the program ssh read the configuration: `ssh -G` knows every rule of the version that the user has.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import pLimit, { type LimitFunction } from "p-limit";
import { brokenConfiguration } from "./broken.ts";
import type { SshOptions } from "./configuration-file.ts";

const run = promisify(execFile);
/** A Match exec in the configuration may take its time. */
const timeout = 30_000;
/** What depends on the host is never a default. */
const ofTheHost = new Set(["hostname", "user", "port"]);
/** Its words are printed on one line: a path with a space in it cannot be told from two. */
const lists = new Set(["userknownhostsfile", "globalknownhostsfile"]);
/** A mesh may have hundreds of hosts. */
const atOnce = 8;
let limit: LimitFunction | undefined;
let defaults: Promise<SshOptions> | undefined;

/** Undefined: there is no program ssh. @throws TunnelMeshError TM_SSH_CONFIGURATION with what ssh says */
export async function askSshProgram(named: {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}): Promise<SshOptions | undefined> {
  const words = [
    ...(named.user === undefined ? [] : ["-l", named.user]),
    ...(named.port === undefined ? [] : ["-p", `${named.port}`]),
    "--",
    named.host,
  ];
  try {
    // Compared with ssh without a configuration, so that only what somebody has set is taken over.
    defaults ??= resolve(["-F", "none", "--", "localhost"]);
    limit ??= pLimit(atOnce);
    const [standard, found] = await Promise.all([defaults, limit(resolve, words)]);
    return new Map([...found].filter(([key, value]) => ofTheHost.has(key) || `${value}` !== `${standard.get(key)}`));
  } catch (error) {
    defaults = undefined;
    const { code, stderr = "", message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === "ENOENT") return undefined;
    throw brokenConfiguration(named.host, stderr.trim() === "" ? message : stderr.trim());
  }
}

async function resolve(words: readonly string[]): Promise<SshOptions> {
  const child = run("ssh", ["-G", ...words], { timeout, maxBuffer: 1024 * 1024 });
  child.child.stdin?.end();
  const options = new Map<string, string[]>();
  for (const line of (await child).stdout.split("\n")) {
    const space = line.indexOf(" ");
    if (space < 0) continue;
    const key = line.slice(0, space).toLowerCase();
    const value = line.slice(space + 1);
    options.set(key, [...(options.get(key) ?? []), ...(lists.has(key) ? value.split(" ") : [value])]);
  }
  return options;
}
