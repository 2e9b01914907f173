// Reads a target as OpenSSH would: ~/.ssh/config with its includes, aliases, users, ports, keys and jumps.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import SSHConfig from "ssh-config";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

/** Where and as whom to connect (ssh_config(5)). */
export interface ResolvedTarget {
  /** As the user wrote it. */
  readonly target: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Absolute paths, in order; empty: the default ones. */
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** Path of the agent's socket; undefined: none. */
  readonly agent: string | undefined;
  /** Hops in order, each "[user@]host[:port]". */
  readonly jumps: readonly string[];
  /** Name looked up in known_hosts in place of the host; then the port is not part of it. */
  readonly hostKeyAlias: string | undefined;
  readonly knownHosts: readonly [string, ...string[]];
}

export interface ResolveOptions {
  readonly home: string;
  /** Who runs this, for hosts that name no user. */
  readonly localUser: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Overrides the configuration. */
  readonly port?: number;
}

const fileLimit = 1024 * 1024;
const includeDepth = 8;

/** Resolves `target` with ~/.ssh/config. @throws TunnelMeshError TM_SSH_CONFIGURATION */
export function resolveTarget(target: string, options: ResolveOptions): ResolvedTarget {
  const { home } = options;
  const named = parseTarget(target);
  const values = readConfiguration(named, home);
  const host = one(values["hostname"])?.replaceAll("%h", named.host) ?? named.host;
  const user = named.user ?? one(values["user"]) ?? options.localUser;
  const port = options.port ?? named.port ?? Number(one(values["port"]) ?? 22);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw broken(target, "its port is not a port");
  const expand = (file: string) =>
    expandPath(file, home).replaceAll(/%([hnpru%d])/g, (_, letter: string) => {
      const known: Record<string, string> = {
        h: host,
        n: named.host,
        p: `${port}`,
        r: user,
        u: options.localUser,
        d: home,
      };
      return known[letter] ?? "%";
    });
  const files = (all(values["userknownhostsfile"]) ?? [])
    .flatMap((text) => text.split(/\s+/))
    .filter((file) => file !== "none");
  const [first = path.join(home, ".ssh/known_hosts"), ...others] = files.map(expand);
  const jump = one(values["proxyjump"]);
  if (jump === undefined && one(values["proxycommand"]) !== undefined && one(values["proxycommand"]) !== "none") {
    throw broken(target, "ProxyCommand is not supported; ProxyJump is");
  }
  return {
    target,
    host,
    port,
    user,
    identityFiles: (all(values["identityfile"]) ?? []).filter((file) => file !== "none").map(expand),
    identitiesOnly: one(values["identitiesonly"])?.toLowerCase() === "yes",
    agent: findAgent(one(values["identityagent"]), options.environment, expand),
    jumps: jump === undefined || jump.toLowerCase() === "none" ? [] : jump.split(",").map((hop) => hop.trim()),
    hostKeyAlias: one(values["hostkeyalias"]),
    knownHosts: [first, ...others, path.join(home, ".ssh/known_hosts2"), "/etc/ssh/ssh_known_hosts"],
  };
}

/** Splits "user@host:port", "user@[v6]:port", "ssh://…" or an alias. @throws TunnelMeshError TM_SSH_CONFIGURATION */
export function parseTarget(target: string): { user?: string; host: string; port?: number } {
  const text = target.replace(/^ssh:\/\//, "").replace(/\/$/, "");
  const at = text.lastIndexOf("@");
  const rest = text.slice(at + 1);
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(rest);
  const plain = /^([^:\s]+)(?::(\d+))?$/.exec(rest);
  const address = /^[0-9a-fA-F:.]+(?:%\w+)?$/.test(rest) && rest.split(":").length > 2 ? rest : undefined;
  const host = bracketed?.[1] ?? address ?? plain?.[1];
  // A name that begins with a hyphen would be an option wherever it is handed on.
  if (host === undefined || host.startsWith("-") || /[\s'"`$;|&<>\\]/.test(text))
    throw broken(target, "it is no user@host");
  const port = bracketed?.[2] ?? (address === undefined ? plain?.[2] : undefined);
  return {
    host,
    ...(at > 0 ? { user: text.slice(0, at) } : {}),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

function readConfiguration(named: { user?: string; host: string }, home: string): Record<string, string | string[]> {
  const file = path.join(home, ".ssh/config");
  const text = `${readIncluding(file, home, 0)}\n${readIncluding("/etc/ssh/ssh_config", home, 0)}`;
  try {
    const config = SSHConfig.parse(text);
    const asked = { Host: named.host, ...(named.user === undefined ? {} : { User: named.user }) };
    return config.compute(asked, { ignoreCase: true }) as Record<string, string | string[]>;
  } catch (error) {
    throw new TunnelMeshError("TM_SSH_CONFIGURATION", { detail: file, cause: error });
  }
}

/** The library does not follow Include, so its lines are put in place first. */
function readIncluding(file: string, home: string, depth: number): string {
  if (depth > includeDepth) throw broken(file, "its includes are nested too deeply");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    throw new TunnelMeshError("TM_SSH_CONFIGURATION", { detail: file, cause: error });
  }
  if (text.length > fileLimit) throw broken(file, "it is larger than 1 MiB");
  return text.replaceAll(/^[ \t]*include(?:[ \t]+|[ \t]*=[ \t]*)(.+)$/gim, (_, patterns: string) =>
    (patterns.match(/"[^"]*"|\S+/g) ?? [])
      .map((pattern) => path.resolve(path.dirname(file), expandPath(pattern.replaceAll('"', ""), home)))
      .flatMap((pattern) => globSync(pattern).toSorted())
      .map((found) => readIncluding(found, home, depth + 1))
      .join("\n"),
  );
}

function findAgent(
  configured: string | undefined,
  environment: ResolveOptions["environment"],
  expand: (file: string) => string,
): string | undefined {
  if (configured === "none") return undefined;
  if (configured === undefined || configured === "SSH_AUTH_SOCK") return environment["SSH_AUTH_SOCK"] || undefined;
  return configured.startsWith("$") ? environment[configured.slice(1)] : expand(configured);
}

function expandPath(file: string, home: string): string {
  return file === "~" || file.startsWith("~/") ? path.join(home, file.slice(1)) : file;
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function all(value: string | string[] | undefined): string[] | undefined {
  return typeof value === "string" ? [value] : value;
}

function broken(target: string, why: string): TunnelMeshError {
  return new TunnelMeshError("TM_SSH_CONFIGURATION", { detail: `${target}: ${why}` });
}
