// Reads known_hosts: plain, wildcard and hashed names, ports, revoked keys; adds a key that somebody confirmed.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";
import { brokenConfiguration } from "./broken.ts";
import type { HostKeyOptions } from "./configuration.ts";
import { matchesPatterns } from "./patterns.ts";

/** One line that speaks of the host asked for (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownKey {
  /** "ssh-ed25519" */
  readonly type: string;
  /** "ssh-ed25519 AAAA…", without comment. */
  readonly line: string;
  readonly revoked: boolean;
  /** It signs certificates of hosts, and is no host's key itself. */
  readonly authority: boolean;
  /** The line names the host without its port: its key is believed, and another one is no change. */
  readonly anyPort: boolean;
  /** "/home/alice/.ssh/known_hosts:12", for messages. */
  readonly place: string;
}

const fileLimit = 16 * 1024 * 1024;

/** "host", or "[host]:port" where the port is not 22. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** The keys that `text` holds for `name`; of "[host]:port" also those for the host alone, as ssh reads them. */
export function lookUpKnownHost(text: string, name: string, file: string): KnownKey[] {
  const bare = /^\[(.+)\]:\d+$/.exec(name)?.[1];
  return text.split("\n").flatMap((raw, index): KnownKey[] => {
    const words = raw.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
    const [hosts, type, key] = words;
    if (hosts === undefined || hosts.startsWith("#") || type === undefined || key === undefined) return [];
    if (marker !== undefined && marker !== "@revoked" && marker !== "@cert-authority") return [];
    const anyPort = !matchesHosts(hosts, name);
    if (anyPort && (bare === undefined || !matchesHosts(hosts, bare))) return [];
    const [revoked, authority] = [marker === "@revoked", marker === "@cert-authority"];
    return [{ type, line: `${type} ${key}`, revoked, authority, anyPort, place: `${file}:${index + 1}` }];
  });
}

/**
 * What the files of `options` know of `name`; a missing file knows nobody.
 * @throws TunnelMeshError TM_SSH_CONFIGURATION when RevokedHostKeys cannot be read: then nothing may be believed
 */
export async function readKnownHosts(options: HostKeyOptions, name: string): Promise<KnownKey[]> {
  const found = await Promise.all(
    options.files.map(async (file) => lookUpKnownHost((await readOptional(file)).slice(0, fileLimit), name, file)),
  );
  return [...found.flat(), ...(options.revoked === undefined ? [] : await readRevokedKeys(options.revoked))];
}

/** RevokedHostKeys: one public key a line. */
async function readRevokedKeys(file: string): Promise<KnownKey[]> {
  const text = await readFile(file, "latin1").catch((error: unknown) => {
    throw brokenConfiguration(file, `RevokedHostKeys cannot be read: ${(error as Error).message}`);
  });
  if (text.startsWith("SSHKRL\n\0")) {
    throw brokenConfiguration(file, "RevokedHostKeys is a key revocation list, which this client does not read", [
      "Write the revoked public keys into a file, one a line, and name that in RevokedHostKeys.",
    ]);
  }
  return text
    .slice(0, fileLimit)
    .split("\n")
    .flatMap((raw, index): KnownKey[] => {
      const [type, key] = raw.trim().split(/\s+/);
      if (type === undefined || type.startsWith("#") || key === undefined) return [];
      const place = `${file}:${index + 1}`;
      return [{ type, line: `${type} ${key}`, revoked: true, authority: false, anyPort: false, place }];
    });
}

/** Appends one line, durably, and never into the middle of one that lacks its end; `hash`: the name as HashKnownHosts has it. */
export async function appendKnownHost(file: string, name: string, keyLine: string, hash: boolean): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const text = await readOptional(file);
  const handle = await open(file, "a", 0o600);
  try {
    await handle.write(`${text === "" || text.endsWith("\n") ? "" : "\n"}${hash ? hashName(name) : name} ${keyLine}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function hashName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

async function readOptional(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "EACCES") return "";
    throw error;
  });
}

function matchesHosts(hosts: string, name: string): boolean {
  return hosts.startsWith("|") ? matchesHash(hosts, name) : matchesPatterns(hosts.toLowerCase().split(","), name);
}

/** "|1|SALT|HASH": HMAC-SHA-1 of the name under the salt. */
function matchesHash(field: string, name: string): boolean {
  const match = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(field);
  if (match === null) return false;
  const digest = createHmac("sha1", Buffer.from(match[1]!, "base64")).update(name).digest();
  const expected = Buffer.from(match[2]!, "base64");
  return expected.length === digest.length && timingSafeEqual(expected, digest);
}
