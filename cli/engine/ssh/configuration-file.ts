// Reads ~/.ssh/config and the system's where the program ssh is not there to do it.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { brokenConfiguration } from "./broken.ts";
import { type ConfigurationLine, readLines } from "./configuration-lines.ts";
import { type MatchSubject, matches } from "./match.ts";
import { matchesPatterns } from "./patterns.ts";
import { expandTilde, expandTokens, type TokenValues } from "./tokens.ts";

/** Keyword in lower case, and its arguments; those that may be said several times have them all. */
export type SshOptions = ReadonlyMap<string, readonly string[]>;

export interface FileSubject {
  /** What the command line said. */
  readonly named: { readonly host: string; readonly user?: string; readonly port?: number };
  readonly local: Pick<TokenValues, "localUser" | "localHost" | "uid" | "home">;
  readonly shell: string;
}

const fileLimit = 1024 * 1024;
const includeDepth = 16;
const collected = new Set(["identityfile", "certificatefile"]);
const commands = new Set(["proxycommand", "knownhostscommand", "localcommand", "remotecommand"]);

/** @throws TunnelMeshError TM_SSH_CONFIGURATION */
export function readConfigurationFiles(subject: FileSubject): SshOptions {
  const options = new Map<string, readonly string[]>();
  const { user, port } = subject.named;
  if (user !== undefined) options.set("user", [user]);
  if (port !== undefined) options.set("port", [`${port}`]);
  const wanted = { finalPass: false };
  const pass = (finalPass: boolean) => {
    const values = () => valuesOf(options, subject);
    // The second time Host and Match see the name that HostName gave.
    const reader = {
      options,
      values,
      wanted,
      finalPass,
      subject,
      name: finalPass ? values().host : subject.named.host,
    };
    const userFolder = path.join(subject.local.home, ".ssh");
    readFile(path.join(userFolder, "config"), userFolder, true, 0, reader);
    readFile("/etc/ssh/ssh_config", "/etc/ssh", true, 0, reader);
  };
  pass(false);
  if (wanted.finalPass) pass(true);
  const canonicalize = options.get("canonicalizehostname")?.[0]?.toLowerCase() ?? "no";
  if (canonicalize !== "no" && canonicalize !== "none" && canonicalize !== "false") {
    throw brokenConfiguration(subject.named.host, "CanonicalizeHostname is done by the program ssh alone", [
      "Install OpenSSH's client: then it reads the configuration.",
    ]);
  }
  if (options.has("hostname")) options.set("hostname", [valuesOf(options, subject).host]);
  return options;
}

interface Reader {
  readonly options: Map<string, readonly string[]>;
  readonly values: () => TokenValues;
  readonly wanted: { finalPass: boolean };
  readonly finalPass: boolean;
  readonly subject: FileSubject;
  readonly name: string;
}

/** `active`: whether lines count; in an included file nothing can count that did not count around it. */
function readFile(file: string, folder: string, active: boolean, depth: number, reader: Reader): void {
  if (depth > includeDepth) throw brokenConfiguration(file, "its includes are nested too deeply");
  let now = active;
  for (const line of linesOf(file)) {
    const place = `${file}:${line.number}`;
    if (line.words.length === 0 && !commands.has(line.keyword))
      throw brokenConfiguration(place, `${line.keyword} says nothing`);
    if (line.keyword === "host") now = active && matchesPatterns(line.words, reader.name);
    else if (line.keyword === "match") now = active && matches(line.words, subjectOf(reader));
    else if (line.keyword === "include") {
      for (const found of includedFiles(line.words, folder, reader.subject.local.home)) {
        readFile(found, folder, now, depth + 1, reader);
      }
    } else if (now) takeOption(line, reader.options);
  }
}

function subjectOf({ values, wanted, finalPass, subject }: Reader): MatchSubject {
  const wantFinalPass = () => {
    wanted.finalPass = true;
  };
  return { values: values(), finalPass, wantFinalPass, shell: subject.shell };
}

/** The first value stays; of ProxyJump and ProxyCommand the first of both. */
function takeOption({ keyword, words, rest }: ConfigurationLine, options: Map<string, readonly string[]>): void {
  const value = commands.has(keyword) ? [rest] : words;
  if (collected.has(keyword)) {
    const before = options.get(keyword) ?? [];
    const [file] = value;
    if (file !== undefined && !before.includes(file)) options.set(keyword, [...before, file]);
    return;
  }
  const other = keyword === "proxyjump" ? "proxycommand" : keyword === "proxycommand" ? "proxyjump" : undefined;
  if (options.has(keyword) || (other !== undefined && options.has(other))) return;
  options.set(keyword, value);
}

function linesOf(file: string): ConfigurationLine[] {
  try {
    const text = readFileSync(file, "utf8");
    if (text.length > fileLimit) throw new RangeError("it is larger than 1 MiB");
    return readLines(text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new TunnelMeshError("TM_SSH_CONFIGURATION", { detail: file, cause: error });
  }
}

/** Relative ones are in ~/.ssh, or in /etc/ssh for the system's file, wherever the including one is. */
function includedFiles(patterns: readonly string[], folder: string, home: string): string[] {
  return patterns.flatMap((pattern) => globSync(path.resolve(folder, expandTilde(pattern, home))).toSorted());
}

function valuesOf(options: SshOptions, { named, local }: FileSubject): TokenValues {
  const user = named.user ?? options.get("user")?.[0] ?? local.localUser;
  const port = Number(options.get("port")?.[0] ?? 22);
  const base = { ...local, original: named.host, host: named.host, port, user };
  const name = options.get("hostname")?.[0];
  return name === undefined ? base : { ...base, host: expandTokens(name, base, "h") };
}
