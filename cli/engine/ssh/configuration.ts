// Resolves a target as OpenSSH would: what ssh_config says of it, with tokens and paths in place.
import { hostname } from "node:os";
import path from "node:path";
import { type ChosenAlgorithms, chooseAlgorithms } from "./algorithms.ts";
import { brokenConfiguration } from "./broken.ts";
import { readConfigurationFiles, type SshOptions } from "./configuration-file.ts";
import { askSshProgram } from "./ssh-program.ts";
import { parseTarget } from "./target.ts";
import { expandPath, expandTokens, proxyTokens, type TokenValues } from "./tokens.ts";

/** Where and as whom to connect (ssh_config(5)). */
export interface ResolvedTarget {
  /** As the user wrote it. */
  readonly target: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Absolute paths, in order; undefined: the default ones. */
  readonly identityFiles: readonly string[] | undefined;
  readonly certificateFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** Path of the agent's socket; undefined: none. */
  readonly agent: string | undefined;
  /** Hops in order, each "[user@]host[:port]". */
  readonly jumps: readonly string[];
  /** Shell command that speaks to the host, tokens expanded. */
  readonly proxyCommand: string | undefined;
  readonly hostKeys: HostKeyOptions;
  readonly login: LoginOptions;
  readonly dial: DialOptions;
  readonly algorithms: ChosenAlgorithms;
}

export interface HostKeyOptions {
  /** Name looked up in known_hosts in place of the host; then the port is not part of it. */
  readonly alias: string | undefined;
  /** Where known keys are read. */
  readonly files: readonly string[];
  /** Where a confirmed key is added; undefined: nowhere. */
  readonly newKeys: string | undefined;
  readonly hash: boolean;
  /** Keys that are never accepted. */
  readonly revoked: string | undefined;
  /** False: an unknown key is refused on a terminal too. */
  readonly ask: boolean;
}

export interface LoginOptions {
  readonly publicKey: boolean;
  readonly password: boolean;
  readonly keyboard: boolean;
  readonly passwordTries: number;
  /** False: BatchMode. */
  readonly ask: boolean;
}

export interface DialOptions {
  /** 0: either. */
  readonly family: 0 | 4 | 6;
  readonly localAddress: string | undefined;
  /** Milliseconds; undefined: as the caller has it. */
  readonly timeout: number | undefined;
  readonly attempts: number;
  readonly keepalive: { readonly interval: number; readonly count: number } | undefined;
}

export interface ResolveOptions {
  readonly home: string;
  /** Who runs this, for hosts that name no user. */
  readonly localUser: string;
  readonly uid: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Overrides the configuration. */
  readonly port?: number;
  /** The program ssh looks into the home of the passwd file: false for any other home. */
  readonly useSshProgram: boolean;
}

/** Resolves `target`. @throws TunnelMeshError TM_SSH_CONFIGURATION */
export async function resolveTarget(target: string, options: ResolveOptions): Promise<ResolvedTarget> {
  const parsed = parseTarget(target);
  const named = options.port === undefined ? parsed : { ...parsed, port: options.port };
  const { home, localUser, uid, environment } = options;
  const local = { home, localUser, uid, localHost: hostname() };
  const read =
    (options.useSshProgram ? await askSshProgram(named) : undefined) ??
    readConfigurationFiles({ named, local, shell: environment["SHELL"] || "/bin/sh" });
  return interpret(target, named.host, read, local, environment);
}

function interpret(
  target: string,
  original: string,
  options: SshOptions,
  local: Pick<TokenValues, "home" | "localUser" | "uid" | "localHost">,
  environment: ResolveOptions["environment"],
): ResolvedTarget {
  const one = (keyword: string) => options.get(keyword)?.[0];
  const is = (keyword: string, standard: boolean) => readFlag(one(keyword)) ?? standard;
  refuseUnknownWays(target, options);
  const port = readNumber(target, "port", one("port")) ?? 22;
  if (port < 1 || port > 65_535) throw brokenConfiguration(target, "its port is not a port");
  const user = one("user") ?? local.localUser;
  const alias = one("hostkeyalias");
  const jump = unlessNone(one("proxyjump"));
  const host = (one("hostname") ?? original).toLowerCase();
  const values: TokenValues = {
    ...local,
    original,
    host,
    port,
    user,
    ...(alias === undefined ? {} : { hostKeyAlias: alias }),
    ...(jump === undefined ? {} : { jump }),
  };
  const expand = (file: string) => path.resolve(expandPath(file, values, environment));
  const paths = (keyword: string) =>
    options
      .get(keyword)
      ?.filter((file) => file.toLowerCase() !== "none")
      .map(expand);
  const command = jump === undefined ? unlessNone(one("proxycommand")) : undefined;
  const userFiles = paths("userknownhostsfile") ?? [1, 2].map((n) => expand(`~/.ssh/known_hosts${n === 1 ? "" : n}`));
  const globalFiles = paths("globalknownhostsfile") ?? ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];
  const revoked = unlessNone(one("revokedhostkeys"));
  const interval = readSeconds(target, "serveraliveinterval", one("serveraliveinterval")) ?? 0;
  return {
    target,
    host,
    port,
    user,
    identityFiles: paths("identityfile"),
    certificateFiles: paths("certificatefile") ?? [],
    identitiesOnly: is("identitiesonly", false),
    agent: findAgent(one("identityagent"), environment, expand),
    jumps: jump === undefined ? [] : jump.split(",").map((hop) => hop.trim()),
    proxyCommand: command === undefined ? undefined : expandTokens(command, values, proxyTokens),
    hostKeys: {
      alias: alias?.toLowerCase(),
      files: [...userFiles, ...globalFiles],
      newKeys: userFiles.find((file) => file !== "/dev/null"),
      hash: is("hashknownhosts", false),
      revoked: revoked === undefined ? undefined : expand(revoked),
      ask: readFlag(one("stricthostkeychecking")) !== true,
    },
    login: readLogin(target, options),
    dial: {
      family: families[one("addressfamily")?.toLowerCase() ?? "any"] ?? 0,
      localAddress: unlessNone(one("bindaddress")),
      timeout: readSeconds(target, "connecttimeout", unlessNone(one("connecttimeout"))),
      attempts: Math.min(10, Math.max(1, readNumber(target, "connectionattempts", one("connectionattempts")) ?? 1)),
      keepalive:
        interval === 0
          ? undefined
          : { interval, count: readNumber(target, "serveralivecountmax", one("serveralivecountmax")) ?? 3 },
    },
    algorithms: chooseAlgorithms(target, options),
  };
}

const families: Readonly<Record<string, 4 | 6>> = { inet: 4, inet6: 6 };

function readLogin(target: string, options: SshOptions): LoginOptions {
  const one = (keyword: string) => options.get(keyword)?.[0];
  const preferred = one("preferredauthentications")?.toLowerCase().split(",");
  const may = (method: string, ...keywords: string[]) =>
    (preferred?.includes(method) ?? true) && keywords.every((keyword) => readFlag(one(keyword)) ?? true);
  return {
    publicKey: may("publickey", "pubkeyauthentication"),
    password: may("password", "passwordauthentication"),
    keyboard: may("keyboard-interactive", "kbdinteractiveauthentication", "challengeresponseauthentication"),
    passwordTries: Math.min(3, readNumber(target, "numberofpasswordprompts", one("numberofpasswordprompts")) ?? 3),
    ask: readFlag(one("batchmode")) !== true,
  };
}

/** What would change which host is reached or believed, and cannot be done here. */
const refused: readonly (readonly [keyword: string, advice: string])[] = [
  ["knownhostscommand", "Write the host's key into known_hosts, or as hostKey into the stack."],
  ["proxyusefdpass", "Use a ProxyCommand that passes the bytes itself, such as nc %h %p."],
  ["pkcs11provider", "Load the token's keys into the agent: ssh-add -s LIBRARY."],
  ["bindinterface", "Use BindAddress with an address of that interface."],
];

function refuseUnknownWays(target: string, options: SshOptions): void {
  for (const [keyword, advice] of refused) {
    const value = unlessNone(options.get(keyword)?.[0]);
    if (value === undefined || readFlag(value) === false) continue;
    throw brokenConfiguration(target, `${keyword} is not supported`, [advice]);
  }
}

function findAgent(
  configured: string | undefined,
  environment: ResolveOptions["environment"],
  expand: (file: string) => string,
): string | undefined {
  if (configured?.toLowerCase() === "none") return undefined;
  if (configured === undefined || configured === "SSH_AUTH_SOCK") return environment["SSH_AUTH_SOCK"] || undefined;
  return /^\$\w+$/.test(configured) ? environment[configured.slice(1)] || undefined : expand(configured);
}

function unlessNone(value: string | undefined): string | undefined {
  return value === undefined || value.toLowerCase() === "none" ? undefined : value;
}

function readFlag(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  return /^(yes|true)$/i.test(value) ? true : /^(no|false|off)$/i.test(value) ? false : undefined;
}

function readNumber(target: string, keyword: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw brokenConfiguration(target, `${keyword} is "${value}"`);
  return Number(value);
}

/** "90", "2m" or "1h30m" in milliseconds, as sshd_config(5) writes times. */
function readSeconds(target: string, keyword: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^(\d{1,6}[smhdw]?)+$/i.test(value)) throw brokenConfiguration(target, `${keyword} is "${value}"`);
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  const seconds = [...value.matchAll(/(\d+)([smhdw]?)/gi)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit?.toLowerCase() || "s"] ?? 1),
    0,
  );
  return Math.min(seconds * 1000, 2 ** 31 - 1);
}
