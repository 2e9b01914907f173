// The state folder: every network and host is recorded here before anything of it is made.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";

const process = z.object({ pid: z.number().int(), start: z.string(), boot: z.string() });

const networkRecord = z.object({
  v: z.literal(1),
  network: z.string(),
  /** "making" until the router is complete; another boot means it is gone. */
  phase: z.enum(["making", "ready"]),
  boot: z.string(),
  /** First three numbers of the /24: "198.18.7". */
  subnet: z.string().regex(/^198\.1[89]\.\d{1,3}$/),
  /** First three groups of the /48: "fd12:3456:789a". */
  prefix6: z.string().regex(/^fd[0-9a-f]{2}:[0-9a-f]{1,4}:[0-9a-f]{1,4}$/),
});

const hostRecord = z.object({
  v: z.literal(1),
  network: z.string(),
  name: z.string(),
  nat: z.enum(["none", "port-restricted"]),
  internet: z.boolean(),
  /** Last number of its address on the bridge, 2 to 126. */
  index: z.number().int().min(2).max(126),
  /** Which /30 behind its NAT, 0 to 30. */
  inside: z.number().int().min(0).max(30),
  phase: z.enum(["making", "running", "removing"]),
  owner: process,
  hostKey: z.string(),
  /** `lowerMark` when it was made. */
  lower: z.string().optional(),
});

export type ProcessMark = z.infer<typeof process>;
export type NetworkRecord = z.infer<typeof networkRecord>;
export type HostRecord = z.infer<typeof hostRecord>;

const sizeLimit = 64 * 1024;

/** Reads one record; undefined when it is missing or was cut off by a crash. */
async function readRecord<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    const text = await readFile(file, "utf8");
    if (text.length > sizeLimit) return undefined;
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return undefined;
    throw error;
  }
}

/** Says whether an error is ENOENT. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Names in a folder; none when the folder is missing. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export const hostFolder = (state: string, key: string): string => path.join(state, "hosts", key);
const hostFile = (state: string, key: string): string => path.join(hostFolder(state, key), "host.json");
const networkFile = (state: string, key: string): string => path.join(state, "networks", `${key}.json`);

export const readHost = (state: string, key: string): Promise<HostRecord | undefined> =>
  readRecord(hostFile(state, key), hostRecord);

export const readNetwork = (state: string, key: string): Promise<NetworkRecord | undefined> =>
  readRecord(networkFile(state, key), networkRecord);

/** Records a host, on disk before this resolves; throws a ZodError for what could not be read back. */
export async function writeHost(state: string, key: string, record: HostRecord): Promise<void> {
  const text = `${JSON.stringify(hostRecord.parse(record), null, 2)}\n`;
  await mkdir(hostFolder(state, key), { recursive: true, mode: 0o700 });
  await writeFileAtomic(hostFile(state, key), text, { mode: 0o600 });
}

/** Records a network, on disk before this resolves. */
export async function writeNetwork(state: string, key: string, record: NetworkRecord): Promise<void> {
  await mkdir(path.join(state, "networks"), { recursive: true, mode: 0o700 });
  await writeFileAtomic(networkFile(state, key), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
}

export const removeNetworkRecord = (state: string, key: string): Promise<void> =>
  rm(networkFile(state, key), { force: true });

/** Every recorded network, by key. */
export async function readNetworks(state: string): Promise<Map<string, NetworkRecord>> {
  const found = new Map<string, NetworkRecord>();
  for (const name of await namesIn(path.join(state, "networks"))) {
    const key = path.basename(name, ".json");
    const record = await readNetwork(state, key);
    if (record !== undefined) found.set(key, record);
  }
  return found;
}

/** Every recorded host, by key. */
export async function readHosts(state: string): Promise<Map<string, HostRecord>> {
  const found = new Map<string, HostRecord>();
  for (const key of await namesIn(path.join(state, "hosts"))) {
    const record = await readHost(state, key);
    if (record !== undefined) found.set(key, record);
  }
  return found;
}
