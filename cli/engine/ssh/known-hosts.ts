// Reads known_hosts: plain, wildcard and hashed names, ports, revoked keys; adds a key that somebody confirmed.
import { createHmac, timingSafeEqual } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";

/** One line that speaks of the host asked for (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownKey {
  /** "ssh-ed25519" */
  readonly type: string;
  /** "ssh-ed25519 AAAA…", without comment. */
  readonly line: string;
  readonly revoked: boolean;
  /** "/home/alice/.ssh/known_hosts:12", for messages. */
  readonly place: string;
}

const fileLimit = 16 * 1024 * 1024;

/** "host", or "[host]:port" where the port is not 22. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** The keys that `text` holds for `name`. Certificate authorities are passed over: this client asks for plain keys. */
export function lookUpKnownHost(text: string, name: string, file: string): KnownKey[] {
  return text.split("\n").flatMap((raw, index): KnownKey[] => {
    const words = raw.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
    const [hosts, type, key] = words;
    if (hosts === undefined || hosts.startsWith("#") || type === undefined || key === undefined) return [];
    if (marker !== undefined && marker !== "@revoked") return [];
    if (!matchesHosts(hosts, name)) return [];
    return [{ type, line: `${type} ${key}`, revoked: marker === "@revoked", place: `${file}:${index + 1}` }];
  });
}

/** Looks `name` up in each file; a missing file knows nobody. */
export async function readKnownHosts(files: readonly string[], name: string): Promise<KnownKey[]> {
  const found = await Promise.all(
    files.map(async (file) => lookUpKnownHost((await readOptional(file)).slice(0, fileLimit), name, file)),
  );
  return found.flat();
}

/** Appends one line, durably, and never into the middle of one that lacks its end. */
export async function appendKnownHost(file: string, name: string, keyLine: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const text = await readOptional(file);
  const handle = await open(file, "a", 0o600);
  try {
    await handle.write(`${text === "" || text.endsWith("\n") ? "" : "\n"}${name} ${keyLine}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readOptional(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "EACCES") return "";
    throw error;
  });
}

function matchesHosts(hosts: string, name: string): boolean {
  if (hosts.startsWith("|")) return matchesHash(hosts, name);
  const patterns = hosts.toLowerCase().split(",");
  const negated = patterns.filter((pattern) => pattern.startsWith("!"));
  if (negated.some((pattern) => matchesPattern(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matchesPattern(pattern, name));
}

/** "|1|SALT|HASH": HMAC-SHA-1 of the name under the salt. */
function matchesHash(field: string, name: string): boolean {
  const match = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(field);
  if (match === null) return false;
  const digest = createHmac("sha1", Buffer.from(match[1]!, "base64")).update(name).digest();
  const expected = Buffer.from(match[2]!, "base64");
  return expected.length === digest.length && timingSafeEqual(expected, digest);
}

function matchesPattern(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  const expression = pattern
    .replaceAll(/\*+/g, "*")
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`).test(name);
}
